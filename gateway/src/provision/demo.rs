//! What a first start puts into the registry: a thing to try with, its policy, and the policy of things made later.

/// The name of the demo thing, of its client and of its policy.
pub(super) const DEMO: &str = "demo";

/// The policy that `thing create` attaches unless told otherwise.
pub(crate) const OWN_TOPICS: &str = "own-topics";

/// The client `demo`: everything under `demo/`, and its own shadows.
///
/// `*` crosses levels, so that the pattern of shared subscriptions fits filters such as `$share/g/other/demo/x` too.
/// What arrives is decided by `iot:Receive`.
pub(super) const DEMO_POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "iot:Connect",
      "Resource": "arn:aws:iot:*:*:client/demo"
    },
    {
      "Effect": "Allow",
      "Action": ["iot:Publish", "iot:RetainPublish", "iot:Receive"],
      "Resource": ["arn:aws:iot:*:*:topic/demo/*", "arn:aws:iot:*:*:topic/$aws/things/demo/shadow/*"]
    },
    {
      "Effect": "Allow",
      "Action": "iot:Subscribe",
      "Resource": [
        "arn:aws:iot:*:*:topicfilter/demo/*",
        "arn:aws:iot:*:*:topicfilter/$share/*/demo/*",
        "arn:aws:iot:*:*:topicfilter/$aws/things/demo/shadow/*"
      ]
    },
    {
      "Effect": "Allow",
      "Action": ["iot:GetThingShadow", "iot:UpdateThingShadow", "iot:DeleteThingShadow"],
      "Resource": ["arn:aws:iot:*:*:thing/demo", "arn:aws:iot:*:*:thing/demo/*"]
    }
  ]
}
"#;

/// The same for whatever thing the certificate is attached to, when the client id is the thing's name. Without the
/// condition, the variable would stand for any thing under whose name a client connects.
pub(super) const OWN_TOPICS_POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "iot:Connect",
      "Resource": "arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}",
      "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}
    },
    {
      "Effect": "Allow",
      "Action": ["iot:Publish", "iot:RetainPublish", "iot:Receive"],
      "Resource": [
        "arn:aws:iot:*:*:topic/${iot:Connection.Thing.ThingName}/*",
        "arn:aws:iot:*:*:topic/$aws/things/${iot:Connection.Thing.ThingName}/shadow/*"
      ],
      "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}
    },
    {
      "Effect": "Allow",
      "Action": "iot:Subscribe",
      "Resource": [
        "arn:aws:iot:*:*:topicfilter/${iot:Connection.Thing.ThingName}/*",
        "arn:aws:iot:*:*:topicfilter/$share/*/${iot:Connection.Thing.ThingName}/*",
        "arn:aws:iot:*:*:topicfilter/$aws/things/${iot:Connection.Thing.ThingName}/shadow/*"
      ],
      "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}
    },
    {
      "Effect": "Allow",
      "Action": ["iot:GetThingShadow", "iot:UpdateThingShadow", "iot:DeleteThingShadow"],
      "Resource": [
        "arn:aws:iot:*:*:thing/${iot:Connection.Thing.ThingName}",
        "arn:aws:iot:*:*:thing/${iot:Connection.Thing.ThingName}/*"
      ],
      "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}
    }
  ]
}
"#;

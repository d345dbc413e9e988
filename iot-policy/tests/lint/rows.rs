//! One row a case: a row can be added without reading the rest.

/// A kind of finding, statements, and all that is found in them. Where the kind is not among it, the row is there to show
/// what the finding is not about.
pub(super) const ROWS: &[(&str, &str, &[&str])] = &[
    (
        "AllActions",
        r#"{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}"#,
        &["0 AllActions", "0 AnyClientId", "0 AllResources"],
    ),
    (
        "AllActions",
        r#"{"Effect": "Allow", "Action": ["iot:Get*", "iot:List*"], "Resource": "ARN:thing/a"}"#,
        &[],
    ),
    (
        "AllActions",
        r#"{"Effect": "Deny", "Action": "iot:*", "Resource": "*"}"#,
        &[],
    ),
    // Everything, in each spelling, and the reserved topics of every thing.
    (
        "AllResources",
        r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/*"}"#,
        &["0 AllResources"],
    ),
    (
        "AllResources",
        r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/$aws/things/*"}"#,
        &["0 AllResources"],
    ),
    (
        "AllResources",
        r#"{"Effect": "Allow", "Action": "iot:AssumeRoleWithCertificate", "Resource": "ARN:rolealias/*"}"#,
        &["0 AllResources"],
    ),
    (
        "AllResources",
        r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": ["ARN:topic/a/*", "ARN:topic/$aws/things/t/*"]}"#,
        &[],
    ),
    (
        "AllResources",
        r#"{"Effect": "Allow", "Action": "iot:UpdateJobExecution", "Resource": "ARN:thing/*"}"#,
        &[],
    ),
    // Filters with MQTT's wildcards that reach everybody's messages, and some that do not.
    (
        "AllResources",
        r#"{"Effect": "Allow", "Action": "iot:Receive", "Resource": "ARN:topic/a/*"},
           {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": ["ARN:topicfilter/#", "ARN:topicfilter/+/+/#",
            "ARN:topicfilter/$share/g/#", "ARN:topicfilter/+/a/#", "ARN:topicfilter/a/#"]}"#,
        &["1 AllResources", "1 AllResources", "1 AllResources"],
    ),
    (
        "AllResources",
        r#"{"Effect": "Allow", "Action": "iot:Receive", "Resource": "ARN:topic/$aws/things/t/*"},
           {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": ["ARN:topicfilter/$aws/things/+/shadow/#",
            "ARN:topicfilter/$aws/things/t/shadow/#"]}"#,
        &["1 AllResources"],
    ),
    (
        "AnyClientId",
        r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "ARN:client/${iot:ClientId}"}"#,
        &["0 AnyClientId"],
    ),
    (
        "AnyClientId",
        r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "ARN:client/?*"}"#,
        &["0 AnyClientId"],
    ),
    // A condition that does not narrow it, and one that does.
    (
        "AnyClientId",
        r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "ARN:client/*",
            "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": ["true", "false"]}}}"#,
        &["0 AnyClientId"],
    ),
    (
        "AnyClientId",
        r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "ARN:client/*",
            "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}}"#,
        &[],
    ),
    (
        "AnyClientId",
        r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "ARN:client/${iot:Connection.Thing.ThingName}"}"#,
        &[],
    ),
    (
        "AllowExcept",
        r#"{"Effect": "Allow", "NotAction": "iot:Connect", "Resource": "ARN:topic/a"}"#,
        &["0 AllowExcept"],
    ),
    (
        "AllowExcept",
        r#"{"Effect": "Allow", "Action": "iot:Publish", "NotResource": "ARN:topic/a"}"#,
        &["0 AllowExcept"],
    ),
    (
        "AllowExcept",
        r#"{"Effect": "Deny", "NotAction": "iot:Connect", "NotResource": "ARN:topic/a"}"#,
        &[],
    ),
    // A client that may be called `+`, and one that may not.
    (
        "ClientIdInFilter",
        r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "ARN:client/*"},
           {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/${iot:ClientId}"},
           {"Effect": "Allow", "Action": "iot:Receive", "Resource": "ARN:topic/a/${iot:ClientId}"}"#,
        &["0 AnyClientId", "1 ClientIdInFilter"],
    ),
    (
        "ClientIdInFilter",
        r#"{"Effect": "Allow", "Action": "iot:Connect", "NotResource": "ARN:client/a"},
           {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/${iot:ClientId}"},
           {"Effect": "Allow", "Action": "iot:Receive", "Resource": "ARN:topic/a/${iot:ClientId}"}"#,
        &["0 AllowExcept", "1 ClientIdInFilter"],
    ),
    (
        "ClientIdInFilter",
        r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "ARN:client/dev-*"},
           {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/${iot:ClientId}"},
           {"Effect": "Allow", "Action": "iot:Receive", "Resource": "ARN:topic/a/${iot:ClientId}"}"#,
        &[],
    ),
    // The developer guide's example, and its cure.
    (
        "ReceiveNotDenied",
        r#"{"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/*"},
           {"Effect": "Allow", "Action": "iot:Receive", "Resource": "ARN:topic/a/*"},
           {"Effect": "Deny", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/b/*"}"#,
        &["2 ReceiveNotDenied"],
    ),
    (
        "ReceiveNotDenied",
        r#"{"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/*"},
           {"Effect": "Allow", "Action": "iot:Receive", "Resource": "ARN:topic/a/*"},
           {"Effect": "Deny", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/b/*"},
           {"Effect": "Deny", "Action": "iot:Receive", "Resource": "ARN:topic/a/b/*"}"#,
        &[],
    ),
    (
        "ReceiveNotDenied",
        r#"{"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/*"},
           {"Effect": "Allow", "Action": "iot:Receive", "Resource": "ARN:topic/a/*"},
           {"Effect": "Deny", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/c/*"}"#,
        &[],
    ),
    (
        "NothingToReceive",
        r#"{"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/#"}"#,
        &["0 NothingToReceive"],
    ),
    (
        "NothingToReceive",
        r#"{"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/#"},
           {"Effect": "Allow", "Action": "iot:Receive", "Resource": "ARN:topic/a/b"}"#,
        &[],
    ),
    // `?` may be `#`, and a star in the name of a share may reach into the filter.
    (
        "NothingToReceive",
        r#"{"Effect": "Allow", "Action": "iot:Subscribe", "Resource": ["ARN:topicfilter/a/?", "ARN:topicfilter/$share/*/x"]},
           {"Effect": "Allow", "Action": "iot:Receive", "Resource": ["ARN:topic/a/b/c", "ARN:topic/y/x"]}"#,
        &[],
    ),
    (
        "RetainWithoutPublish",
        r#"{"Effect": "Allow", "Action": "iot:RetainPublish", "Resource": "ARN:topic/a"}"#,
        &["0 RetainWithoutPublish"],
    ),
    (
        "RetainWithoutPublish",
        r#"{"Effect": "Allow", "Action": "iot:RetainPublish", "Resource": "ARN:topic/a"},
           {"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/*a"}"#,
        &[],
    ),
    // What never applies: the type, the account, no action, a variable or a condition that cannot come true.
    (
        "NeverApplies",
        r#"{"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "ARN:topic/a"}"#,
        &["0 NeverApplies"],
    ),
    (
        "NeverApplies",
        r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:us-east-1:999999999999:topic/a"}"#,
        &["0 NeverApplies"],
    ),
    (
        "NeverApplies",
        r#"{"Effect": "Allow", "Action": "greengrass:*", "Resource": "*"}"#,
        &["0 NeverApplies"],
    ),
    (
        "NeverApplies",
        r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/${iot:ConnectAttributes}"}"#,
        &["0 NeverApplies"],
    ),
    (
        "NeverApplies",
        r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/a",
            "Condition": {"StringEquals": {"aws:PrincipalTag/a": "x"}}}"#,
        &["0 NeverApplies"],
    ),
    (
        "NeverApplies",
        r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/a",
            "Condition": {"StringEquals": {"iot:DomainName": "x"}, "Null": {"iot:DomainName": "true"}}}"#,
        &["0 NeverApplies"],
    ),
    (
        "NeverApplies",
        r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/a",
            "Condition": {"StringEqualsIfExists": {"aws:PrincipalTag/a": "x"}}}"#,
        &[],
    ),
    (
        "NeverApplies",
        r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:*:123456789012:topic/a"}"#,
        &[],
    ),
    // MQTT's wildcards in a topic name.
    (
        "ResourceNeverMatches",
        r#"{"Effect": "Deny", "Action": "iot:Publish", "Resource": ["ARN:topic/a/+", "ARN:topic/a"]}"#,
        &["0 ResourceNeverMatches"],
    ),
    (
        "ResourceNeverMatches",
        r#"{"Effect": "Deny", "Action": "iot:Publish", "Resource": ["ARN:topic/a/b", "ARN:topic/a"]}"#,
        &[],
    ),
    (
        "AllDenied",
        r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/a/b"},
           {"Effect": "Deny", "Action": "iot:Pub*", "Resource": "ARN:topic/a/*"}"#,
        &["0 AllDenied"],
    ),
    (
        "AllDenied",
        r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": ["ARN:topic/a/b", "ARN:topic/c"]},
           {"Effect": "Deny", "Action": "iot:Pub*", "Resource": "ARN:topic/a/*"}"#,
        &[],
    ),
    (
        "AllDenied",
        r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/a/b"},
           {"Effect": "Deny", "Action": "iot:Pub*", "Resource": "ARN:topic/a/*",
            "Condition": {"StringEquals": {"iot:DomainName": "x"}}}"#,
        &[],
    ),
    // A client has an id where it is connected; over HTTP it may have none.
    (
        "DenyNeedsVariable",
        r#"{"Effect": "Deny", "Action": "iot:Publish", "Resource": "ARN:topic/${iot:ClientId}"}"#,
        &["0 DenyNeedsVariable"],
    ),
    (
        "DenyNeedsVariable",
        r#"{"Effect": "Deny", "Action": "iot:Receive", "Resource": "ARN:topic/${iot:ClientId}"}"#,
        &[],
    ),
    (
        "DenyNeedsVariable",
        r#"{"Effect": "Deny", "Action": "iot:Publish", "Resource": "ARN:topic/${iot:ClientId, 'nobody'}"}"#,
        &[],
    ),
    (
        "TrueWithoutValues",
        r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/a",
            "Condition": {"ForAllValues:StringEquals": {"iot:Certificate.Subject.Organization.List": "A"}}}"#,
        &["0 TrueWithoutValues"],
    ),
    (
        "TrueWithoutValues",
        r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/a",
            "Condition": {"ForAllValues:StringEquals": {"iot:Certificate.Subject.Organization.List": "A"},
                          "Null": {"iot:Certificate.Subject.Organization.List": "false"}}}"#,
        &[],
    ),
    // A policy as a device should have it.
    ("NotCompared", SOUND, &[]),
];

const SOUND: &str = r#"
    {"Effect": "Allow", "Action": "iot:Connect", "Resource": "ARN:client/${iot:Connection.Thing.ThingName}",
     "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}},
    {"Effect": "Allow", "Action": ["iot:Publish", "iot:RetainPublish"],
     "Resource": ["ARN:topic/dt/${iot:ClientId}/*", "ARN:topic/$aws/things/${iot:Connection.Thing.ThingName}/shadow/*"]},
    {"Effect": "Allow", "Action": "iot:Subscribe",
     "Resource": ["ARN:topicfilter/cmd/${iot:ClientId}/*", "ARN:topicfilter/news/+/#"]},
    {"Effect": "Allow", "Action": "iot:Receive",
     "Resource": ["ARN:topic/cmd/${iot:ClientId}/*", "ARN:topic/news/*"]}"#;

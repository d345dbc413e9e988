//! The service once more, as plainly as it can be said: state and metadata are two JSON trees, every
//! rule is a recursive function, every answer is made by cloning. It shares no code with the crate.

use serde_json::{Map, Value, json};

use super::same;

const MAX_DEPTH: usize = 8;

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) document: Option<Document>,
    tombstone: Option<(u64, u64)>,
    max_size: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) state: Map<String, Value>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) version: u64,
}

/// What the service says: the answer, and for an update the delta (null for none) and the documents.
#[derive(Debug)]
pub(crate) enum Answer {
    Accepted {
        response: Value,
        delta: Value,
        documents: Value,
    },
    Rejected(u16),
}

impl Model {
    pub(crate) fn with_max_size(max_size: usize) -> Self {
        Self {
            max_size,
            ..Self::default()
        }
    }

    pub(crate) fn get(&mut self, now: u64) -> Answer {
        let Some(document) = &self.document else {
            return Answer::Rejected(404);
        };
        let mut state = document.state.clone();
        if let Some((delta, _)) = document.delta() {
            state.insert("delta".into(), delta);
        }
        accepted(json!({
            "state": state, "metadata": document.metadata, "version": document.version, "timestamp": now,
        }))
    }

    pub(crate) fn delete(&mut self, now: u64) -> Answer {
        let Some(document) = self.document.take() else {
            return Answer::Rejected(404);
        };
        self.tombstone = Some((document.version + 1, now));
        accepted(json!({"version": document.version, "timestamp": now}))
    }

    pub(crate) fn update(&mut self, request: &Value, now: u64) -> Answer {
        if let Some(code) = refuse(request) {
            return Answer::Rejected(code);
        }
        if let Some((_, deleted)) = self.tombstone
            && now.saturating_sub(deleted) >= 48 * 3600
        {
            self.tombstone = None;
        }
        let current = self.document.as_ref().map(|document| document.version);
        if let Some(version) = request.get("version")
            && version.as_f64() != current.map(|version| version as f64)
        {
            return Answer::Rejected(409);
        }
        let last = current
            .or(self.tombstone.map(|(version, _)| version))
            .unwrap_or(0);
        let mut next = self.document.clone().unwrap_or(Document {
            state: Map::new(),
            metadata: Map::new(),
            version: 0,
        });
        next.version = last + 1;
        let state = &request["state"];
        for section in ["desired", "reported"] {
            match state.get(section) {
                None if state.is_null() => next.remove(section),
                None => {}
                Some(Value::Null) => next.remove(section),
                Some(patch) => {
                    let mut old_state = next.state.remove(section).unwrap_or(json!({}));
                    let mut old_metadata = next.metadata.remove(section).unwrap_or(json!({}));
                    merge(&mut old_state, &mut old_metadata, patch, now);
                    if old_state != json!({}) {
                        next.state.insert(section.into(), old_state);
                        next.metadata.insert(section.into(), old_metadata);
                    }
                }
            }
        }
        if next.size() > self.max_size {
            return Answer::Rejected(413);
        }
        let token = request.get("clientToken");
        let sign = |mut message: Value| {
            message["timestamp"] = json!(now);
            if let Some(token) = token {
                message["clientToken"] = token.clone();
            }
            message
        };
        let metadata = match state {
            Value::Null => stamp(now),
            state => stamps(state, now),
        };
        let response = sign(json!({"state": state, "metadata": metadata, "version": next.version}));
        let delta = next.delta().map_or(Value::Null, |(delta, metadata)| {
            sign(json!({"state": delta, "metadata": metadata, "version": next.version}))
        });
        let show = |document: &Document| json!({"state": document.state, "metadata": document.metadata, "version": document.version});
        let documents = sign(json!({
            "previous": self.document.as_ref().map(show), "current": show(&next),
        }));
        self.document = Some(next);
        self.tombstone = None;
        Answer::Accepted {
            response,
            delta,
            documents,
        }
    }
}

impl Document {
    fn remove(&mut self, section: &str) {
        self.state.remove(section);
        self.metadata.remove(section);
    }

    pub(crate) fn size(&self) -> usize {
        self.state
            .values()
            .map(|section| section.to_string().len())
            .sum()
    }

    pub(crate) fn delta(&self) -> Option<(Value, Value)> {
        let desired = self.state.get("desired")?;
        let metadata = &self.metadata["desired"];
        match self.state.get("reported") {
            None => Some((desired.clone(), metadata.clone())),
            Some(reported) => difference(desired, metadata, reported),
        }
    }
}

fn accepted(response: Value) -> Answer {
    Answer::Accepted {
        response,
        delta: Value::Null,
        documents: Value::Null,
    }
}

fn stamp(now: u64) -> Value {
    json!({"timestamp": now})
}

/// A stamp on every leaf, nulls included.
fn stamps(value: &Value, now: u64) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), stamps(value, now)))
            .collect(),
        Value::Array(elements) => elements.iter().map(|value| stamps(value, now)).collect(),
        _ => stamp(now),
    }
}

fn merge(state: &mut Value, metadata: &mut Value, patch: &Value, now: u64) {
    for (name, value) in patch.as_object().unwrap() {
        if value.is_null() {
            state.as_object_mut().unwrap().remove(name);
            metadata.as_object_mut().unwrap().remove(name);
        } else if value.is_object() {
            if !state.get(name).is_some_and(Value::is_object) {
                state[name] = json!({});
                metadata[name] = json!({});
            }
            merge(&mut state[name], &mut metadata[name], value, now);
        } else {
            state[name] = value.clone();
            metadata[name] = stamps(value, now);
        }
    }
}

fn difference(desired: &Value, metadata: &Value, reported: &Value) -> Option<(Value, Value)> {
    let (mut delta, mut stamps) = (Map::new(), Map::new());
    for (name, wish) in desired.as_object().unwrap() {
        let found = match (wish, reported.get(name)) {
            (wish, None) => Some((wish.clone(), metadata[name].clone())),
            (Value::Object(_), Some(other @ Value::Object(_))) => {
                difference(wish, &metadata[name], other)
            }
            (wish, Some(other)) if same(wish, other) => None,
            (wish, Some(_)) => Some((wish.clone(), metadata[name].clone())),
        };
        if let Some((value, stamp)) = found {
            delta.insert(name.clone(), value);
            stamps.insert(name.clone(), stamp);
        }
    }
    (!delta.is_empty()).then_some((delta.into(), stamps.into()))
}

/// The code with which a request is refused whatever the shadow is.
fn refuse(request: &Value) -> Option<u16> {
    let bad = match request.get("state") {
        None => true,
        Some(Value::Null) => false,
        Some(Value::Object(state)) => state.iter().any(|(name, section)| {
            (name != "desired" && name != "reported")
                || !(section.is_null() || section.is_object())
                || depth(section) > MAX_DEPTH
                || has_null_in_array(section, false)
        }),
        Some(_) => true,
    };
    let version = request.get("version").is_some_and(|version| {
        version
            .as_f64()
            .is_none_or(|number| number < 0.0 || number.fract() != 0.0)
    });
    let token = request
        .get("clientToken")
        .is_some_and(|token| token.as_str().is_none_or(|token| token.len() > 64));
    (bad || version || token).then_some(400)
}

/// A section is one level, and each object or array in it that is not empty one more.
fn depth(value: &Value) -> usize {
    let inner: Vec<&Value> = match value {
        Value::Object(members) => members.values().collect(),
        Value::Array(elements) => elements.iter().collect(),
        _ => return 0,
    };
    if inner.is_empty() {
        0
    } else {
        1 + inner.into_iter().map(depth).max().unwrap()
    }
}

fn has_null_in_array(value: &Value, inside: bool) -> bool {
    match value {
        Value::Null => inside,
        Value::Object(members) => members
            .values()
            .any(|value| has_null_in_array(value, inside)),
        Value::Array(elements) => elements.iter().any(|value| has_null_in_array(value, true)),
        _ => false,
    }
}

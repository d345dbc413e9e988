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
    pub(crate) readings: Readings,
}

/// The readings that differ from the default ones.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Readings {
    pub(crate) delete_takes_no_number: bool,
    pub(crate) no_empty_objects_in_delta: bool,
    pub(crate) all_null_objects_vanish: bool,
    pub(crate) version_on_missing_is_invalid: bool,
    pub(crate) delta_has_metadata: bool,
    pub(crate) nested_nulls_have_no_stamp: bool,
    pub(crate) arrays_are_no_levels: bool,
    pub(crate) null_is_absent: bool,
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
        let mut metadata = document.metadata.clone();
        if let Some((delta, stamps)) = document.delta(self.readings) {
            state.insert("delta".into(), delta);
            if self.readings.delta_has_metadata {
                metadata.insert("delta".into(), stamps);
            }
        }
        accepted(json!({
            "state": state, "metadata": metadata, "version": document.version, "timestamp": now,
        }))
    }

    pub(crate) fn delete(&mut self, now: u64) -> Answer {
        let Some(document) = self.document.take() else {
            return Answer::Rejected(404);
        };
        let taken = u64::from(!self.readings.delete_takes_no_number);
        self.tombstone = Some((document.version + taken, now));
        accepted(json!({"version": document.version, "timestamp": now}))
    }

    pub(crate) fn update(&mut self, request: &Value, now: u64) -> Answer {
        if let Some(code) = refuse(request, self.readings) {
            return Answer::Rejected(code);
        }
        if let Some((_, deleted)) = self.tombstone
            && now.saturating_sub(deleted) >= 48 * 3600
        {
            self.tombstone = None;
        }
        let current = self.document.as_ref().map(|document| document.version);
        let version = request
            .get("version")
            .filter(|version| !version.is_null() || !self.readings.null_is_absent);
        if let Some(version) = version
            && version.as_f64() != current.map(|version| version as f64)
        {
            let is_invalid = current.is_none() && self.readings.version_on_missing_is_invalid;
            return Answer::Rejected(if is_invalid { 400 } else { 409 });
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
                    merge(&mut old_state, &mut old_metadata, patch, now, self.readings);
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
        let token = request.get("clientToken").filter(|token| !token.is_null());
        let sign = |mut message: Value| {
            message["timestamp"] = json!(now);
            if let Some(token) = token {
                message["clientToken"] = token.clone();
            }
            message
        };
        let metadata = match state {
            Value::Null => stamp(now),
            state => state
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, section)| {
                    let nested = !self.readings.nested_nulls_have_no_stamp || section.is_null();
                    (name.clone(), stamps(section, now, nested))
                })
                .collect(),
        };
        let response = sign(json!({"state": state, "metadata": metadata, "version": next.version}));
        let delta = next
            .delta(self.readings)
            .map_or(Value::Null, |(delta, metadata)| {
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

    pub(crate) fn delta(&self, readings: Readings) -> Option<(Value, Value)> {
        let desired = self.state.get("desired")?;
        let metadata = &self.metadata["desired"];
        match self.state.get("reported") {
            None => Some((desired.clone(), metadata.clone())),
            Some(reported) => difference(desired, metadata, reported, readings),
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

/// A stamp on every leaf, nulls included if `nulls` says so.
fn stamps(value: &Value, now: u64, nulls: bool) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| nulls || !value.is_null())
            .map(|(name, value)| (name.clone(), stamps(value, now, nulls)))
            .collect(),
        Value::Array(elements) => {
            let stamps = elements.iter().map(|value| stamps(value, now, nulls));
            stamps.collect()
        }
        _ => stamp(now),
    }
}

/// Whether an object holds nothing but nulls and objects of nothing but nulls, one of which there is.
fn is_all_null(value: &Value) -> bool {
    value.as_object().is_some_and(|members| {
        !members.is_empty()
            && members
                .values()
                .all(|value| value.is_null() || is_all_null(value))
    })
}

fn merge(state: &mut Value, metadata: &mut Value, patch: &Value, now: u64, readings: Readings) {
    for (name, value) in patch.as_object().unwrap() {
        if value.is_null() {
            state.as_object_mut().unwrap().remove(name);
            metadata.as_object_mut().unwrap().remove(name);
        } else if value.is_object() {
            let is_new = state.get(name).is_none();
            if readings.all_null_objects_vanish && is_new && is_all_null(value) {
                continue;
            }
            if !state.get(name).is_some_and(Value::is_object) {
                state[name] = json!({});
                metadata[name] = json!({});
            }
            merge(&mut state[name], &mut metadata[name], value, now, readings);
        } else {
            state[name] = value.clone();
            metadata[name] = stamps(value, now, true);
        }
    }
}

fn difference(
    desired: &Value,
    metadata: &Value,
    reported: &Value,
    readings: Readings,
) -> Option<(Value, Value)> {
    let (mut delta, mut stamps) = (Map::new(), Map::new());
    for (name, wish) in desired.as_object().unwrap() {
        let found = match (wish, reported.get(name)) {
            (wish, None) if readings.no_empty_objects_in_delta && *wish == json!({}) => None,
            (wish, None) => Some((wish.clone(), metadata[name].clone())),
            (Value::Object(_), Some(other @ Value::Object(_))) => {
                difference(wish, &metadata[name], other, readings)
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
fn refuse(request: &Value, readings: Readings) -> Option<u16> {
    let bad = match request.get("state") {
        None => true,
        Some(Value::Null) => false,
        Some(Value::Object(state)) => state.iter().any(|(name, section)| {
            (name != "desired" && name != "reported")
                || !(section.is_null() || section.is_object())
                || depth(section, readings) > MAX_DEPTH
                || has_null_in_array(section, false)
        }),
        Some(_) => true,
    };
    let given = |name| {
        let value = request.get(name);
        value.filter(|value| !value.is_null() || !readings.null_is_absent)
    };
    let version = given("version").is_some_and(|version| {
        version
            .as_f64()
            .is_none_or(|number| number < 0.0 || number.fract() != 0.0)
    });
    let token = given("clientToken")
        .is_some_and(|token| token.as_str().is_none_or(|token| token.len() > 64));
    (bad || version || token).then_some(400)
}

/// A section is one level, and each object or array in it that is not empty one more.
fn depth(value: &Value, readings: Readings) -> usize {
    let inner: Vec<&Value> = match value {
        Value::Object(members) => members.values().collect(),
        Value::Array(elements) => elements.iter().collect(),
        _ => return 0,
    };
    let counts = value.is_object() || !readings.arrays_are_no_levels;
    let deepest = inner.iter().map(|value| depth(value, readings)).max();
    deepest.map_or(0, |deepest| usize::from(counts) + deepest)
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

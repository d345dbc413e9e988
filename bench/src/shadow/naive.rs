//! The service as one would first write it: state and metadata are `serde_json::Value`s, rules are recursive functions,
//! answers are made with `json!`.

use serde_json::{Map, Value, json};

#[derive(Clone)]
pub struct Naive {
    state: Value,
    metadata: Value,
    version: u64,
    max_bytes: usize,
}

/// What an update is answered with.
pub struct Answer {
    pub accepted: Vec<u8>,
    pub delta: Option<Vec<u8>>,
    pub documents: Option<Vec<u8>>,
}

impl Naive {
    pub fn new(max_bytes: usize) -> Self {
        Self {
            state: json!({}),
            metadata: json!({}),
            version: 0,
            max_bytes,
        }
    }

    pub fn update(&mut self, request: &[u8], now: u64, documents: bool) -> Result<Answer, u16> {
        let request: Value = serde_json::from_slice(request).map_err(|_| 400_u16)?;
        let state = request.get("state").ok_or(400_u16)?;
        for (name, section) in state.as_object().ok_or(400_u16)? {
            if (name != "desired" && name != "reported") || depth(section) > 8 {
                return Err(400);
            }
        }
        if let Some(version) = request.get("version")
            && version.as_u64() != Some(self.version)
        {
            return Err(409);
        }
        let previous = documents.then(|| self.document());
        let mut accepted_metadata = Map::new();
        for (name, patch) in state.as_object().ok_or(400_u16)? {
            let entry = |tree: &mut Value| {
                tree.as_object_mut()
                    .map(|tree| tree.entry(name).or_insert_with(|| json!({})).take())
                    .unwrap_or_default()
            };
            let (mut section, mut stamps) = (entry(&mut self.state), entry(&mut self.metadata));
            merge(&mut section, &mut stamps, patch, now);
            self.state[name] = section;
            self.metadata[name] = stamps;
            accepted_metadata.insert(name.clone(), stamp(patch, now));
        }
        // The size is that of the compact JSON of both sections.
        let size: usize = ["desired", "reported"]
            .iter()
            .filter_map(|name| self.state.get(name))
            .map(|section| serde_json::to_string(section).map_or(0, |text| text.len()))
            .sum();
        if size > self.max_bytes {
            return Err(413);
        }
        self.version += 1;
        let accepted = json!({
            "state": state, "metadata": accepted_metadata, "version": self.version, "timestamp": now,
        });
        let delta = difference(
            &self.state["desired"],
            &self.metadata["desired"],
            &self.state["reported"],
        );
        let delta = delta.map(|(state, metadata)| {
            let message = json!({
                "state": state, "metadata": metadata, "version": self.version, "timestamp": now,
            });
            serde_json::to_vec(&message).unwrap_or_default()
        });
        let documents = previous.map(|previous| {
            let message =
                json!({"previous": previous, "current": self.document(), "timestamp": now});
            serde_json::to_vec(&message).unwrap_or_default()
        });
        Ok(Answer {
            accepted: serde_json::to_vec(&accepted).unwrap_or_default(),
            delta,
            documents,
        })
    }

    fn document(&self) -> Value {
        json!({"state": self.state, "metadata": self.metadata, "version": self.version})
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn stamp(value: &Value, now: u64) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), stamp(value, now)))
            .collect(),
        Value::Array(elements) => elements.iter().map(|value| stamp(value, now)).collect(),
        _ => json!({"timestamp": now}),
    }
}

fn merge(state: &mut Value, metadata: &mut Value, patch: &Value, now: u64) {
    let Value::Object(patch) = patch else { return };
    for (name, value) in patch {
        match value {
            Value::Null => {
                for tree in [&mut *state, &mut *metadata] {
                    if let Value::Object(tree) = tree {
                        tree.remove(name);
                    }
                }
            }
            Value::Object(_) => {
                if !state[name].is_object() {
                    state[name] = json!({});
                    metadata[name] = json!({});
                }
                merge(&mut state[name], &mut metadata[name], value, now);
            }
            _ => {
                state[name] = value.clone();
                metadata[name] = stamp(value, now);
            }
        }
    }
}

fn difference(desired: &Value, metadata: &Value, reported: &Value) -> Option<(Value, Value)> {
    let (mut delta, mut stamps) = (Map::new(), Map::new());
    for (name, wish) in desired.as_object()? {
        let found = match (wish, reported.get(name)) {
            (Value::Object(_), Some(other @ Value::Object(_))) => {
                difference(wish, &metadata[name], other)
            }
            (wish, Some(other)) if wish == other => None,
            _ => Some((wish.clone(), metadata[name].clone())),
        };
        if let Some((value, stamp)) = found {
            delta.insert(name.clone(), value);
            stamps.insert(name.clone(), stamp);
        }
    }
    (!delta.is_empty()).then_some((delta.into(), stamps.into()))
}

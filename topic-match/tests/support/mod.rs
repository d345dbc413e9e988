//! The reference: what the standard says, written as plainly as can be.

#![allow(dead_code, reason = "each test file uses a part of it")]

/// MQTT 5.0 §4.7: whether a valid filter matches a valid name.
pub(crate) fn reference_matches(filter: &str, name: &str, hash_matches_parent: bool) -> bool {
    if name.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#')) {
        return false;
    }
    let filter: Vec<&str> = filter.split('/').collect();
    let name: Vec<&str> = name.split('/').collect();
    for (at, level) in filter.iter().enumerate() {
        match *level {
            "#" => return name.len() > at || (hash_matches_parent && name.len() == at),
            "+" if at < name.len() => {}
            literal if at < name.len() && literal == name[at] => {}
            _ => return false,
        }
    }
    filter.len() == name.len()
}

/// MQTT 5.0 §4.7.1 and §4.7.3: whether a string is a valid filter (without share name).
pub(crate) fn reference_filter(text: &str) -> bool {
    let levels: Vec<&str> = text.split('/').collect();
    let fine = |(at, level): (usize, &&str)| match *level {
        "#" => at + 1 == levels.len(),
        "+" => true,
        literal => !literal.contains(['+', '#']),
    };
    reference_text(text) && levels.iter().enumerate().all(fine)
}

/// MQTT 5.0 §4.7.3 and [MQTT-4.7.0-1]: whether a string is a valid name.
pub(crate) fn reference_name(text: &str) -> bool {
    reference_text(text) && !text.contains(['+', '#'])
}

fn reference_text(text: &str) -> bool {
    !text.is_empty() && text.len() <= 65_535 && !text.contains('\0')
}

/// Every string of up to `longest` characters of `alphabet`, the empty one first.
pub(crate) fn strings(alphabet: &str, longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..longest {
        last = last
            .iter()
            .flat_map(|text| alphabet.chars().map(move |c| format!("{text}{c}")))
            .collect();
        all.extend_from_slice(&last);
    }
    all
}

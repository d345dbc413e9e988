//! Smart homes: about six members and nine leaves a device, half of the document desired, half reported.

/// One section of about `bytes` bytes.
pub fn section(bytes: usize) -> String {
    let mut section = String::from("{");
    for index in 0.. {
        let device = device(index);
        if index > 0 {
            if section.len() + device.len() > bytes {
                break;
            }
            section.push(',');
        }
        section.push_str(&device);
    }
    section.push('}');
    section
}

fn device(index: usize) -> String {
    format!(
        r#""device-{index:03}":{{"on":{},"brightness":{},"color":{{"r":{},"g":128,"b":7}},"mode":"auto","hours":[6,22],"target":21.5}}"#,
        index.is_multiple_of(2),
        index * 3 % 100,
        index * 7 % 256,
    )
}

/// An update that makes both sections.
pub fn first_update(section: &str) -> String {
    format!(r#"{{"state":{{"desired":{section},"reported":{section}}}}}"#)
}

/// 76 bytes that put three leaves of one device to values that are not the desired ones, and other ones each time.
pub const PATCHES: [&str; 2] = [
    r#"{"state":{"reported":{"device-002":{"brightness":41,"color":{"r":1,"g":2}}}}}"#,
    r#"{"state":{"reported":{"device-002":{"brightness":7,"color":{"r":33,"g":4}}}}}"#,
];

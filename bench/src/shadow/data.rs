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

/// About 76 bytes that put three leaves of the device in the middle of `section` to values that are not the desired ones,
/// other ones each time, and not all of the same length.
pub fn patches(section: &str) -> [String; 2] {
    let device = section.matches("device-").count() / 2;
    [(41, 1, 2), (7, 33, 4)].map(|(brightness, r, g)| {
        format!(
            r#"{{"state":{{"reported":{{"device-{device:03}":{{"brightness":{brightness},"color":{{"r":{r},"g":{g}}}}}}}}}}}"#
        )
    })
}

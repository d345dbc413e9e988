//! libmosquitto's matcher, where the library is installed.

use std::ffi::{CString, c_char, c_int};

use libloading::{Library, Symbol};

type TopicMatchesSub = unsafe extern "C" fn(*const c_char, *const c_char, *mut bool) -> c_int;

pub struct Mosquitto {
    library: Library,
}

impl Mosquitto {
    pub fn load() -> Result<Self, String> {
        // SAFETY: libmosquitto has no initialisers with preconditions.
        let library = unsafe { Library::new("libmosquitto.so.1") }
            .map_err(|_| "libmosquitto.so.1 is not installed".to_owned())?;
        Ok(Self { library })
    }

    pub fn strings(&self, filter: &str, topic: &str) -> (CString, CString) {
        let text = |text: &str| CString::new(text).expect("the shapes hold no U+0000");
        (text(filter), text(topic))
    }

    pub fn matches(&self, filter: &CString, topic: &CString) -> bool {
        let mut result = false;
        // SAFETY: the symbol has this signature in every version of the library, and the strings outlive the call.
        unsafe {
            let symbol: Symbol<'_, TopicMatchesSub> = self
                .library
                .get(b"mosquitto_topic_matches_sub\0")
                .expect("libmosquitto exports its matcher");
            symbol(filter.as_ptr(), topic.as_ptr(), &raw mut result);
        }
        result
    }
}

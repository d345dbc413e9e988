//! Names and filters as strings, checked by the rules of MQTT 5.0 when they are read.

use alloc::string::String;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::{
    SharedFilter, SharedFilterBuf, SubscriptionFilter, SubscriptionFilterBuf, TopicError,
    TopicFilter, TopicFilterBuf, TopicName, TopicNameBuf,
};

/// Reads a string from the input itself, which a borrowed value needs, or from anywhere.
struct Text<T> {
    what: &'static str,
    value: PhantomData<T>,
}

impl<'de, T> Visitor<'de> for Text<T>
where
    T: TryFrom<&'de str, Error = TopicError>,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a borrowed string with a valid {}", self.what)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<T, E> {
        T::try_from(text).map_err(E::custom)
    }
}

macro_rules! borrowed {
    ($name:ident, $what:literal) => {
        impl Serialize for $name<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Text {
                    what: $what,
                    value: PhantomData,
                })
            }
        }
    };
}

macro_rules! owned {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.as_ref().serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

borrowed!(TopicName, "topic name");
borrowed!(TopicFilter, "topic filter");
borrowed!(SharedFilter, "shared filter");
borrowed!(SubscriptionFilter, "topic filter");
owned!(TopicNameBuf);
owned!(TopicFilterBuf);
owned!(SharedFilterBuf);
owned!(SubscriptionFilterBuf);

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use crate::{SubscriptionFilterBuf, TopicFilter, TopicFilterBuf, TopicName, TopicNameBuf};

    #[test]
    fn strings_are_checked_when_read() {
        let name: TopicName<'_> = serde_json::from_str(r#""a/b""#).unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), r#""a/b""#);
        let owned: TopicNameBuf = serde_json::from_str(r#""a\/b""#).unwrap();
        assert_eq!(owned.as_ref(), name);
        let filter: SubscriptionFilterBuf = serde_json::from_str(r##""$share/g/#""##).unwrap();
        assert_eq!(serde_json::to_string(&filter).unwrap(), r##""$share/g/#""##);
        let error = serde_json::from_str::<TopicFilter<'_>>(r#""a+""#).unwrap_err();
        assert!(error.to_string().contains("MQTT-4.7.1-2"), "{error}");
        assert!(serde_json::from_str::<TopicFilterBuf>("7").is_err());
    }
}

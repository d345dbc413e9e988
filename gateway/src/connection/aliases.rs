//! Topic aliases, both ways (MQTT 5.0 §3.3.2.3.4).

use core::num::NonZeroU16;
use std::collections::HashMap;

use mqtt_codec::TopicForm;
use topic_match::TopicNameBuf;

/// Aliases that the client has set.
#[derive(Debug, Default)]
pub(super) struct Received {
    names: Vec<Option<TopicNameBuf>>,
}

impl Received {
    pub(super) fn set(&mut self, alias: NonZeroU16, name: TopicNameBuf) {
        let place = usize::from(alias.get().saturating_sub(1));
        if self.names.len() <= place {
            self.names.resize_with(place.saturating_add(1), || None);
        }
        if let Some(slot) = self.names.get_mut(place) {
            *slot = Some(name);
        }
    }

    pub(super) fn get(&self, alias: NonZeroU16) -> Option<&TopicNameBuf> {
        let place = usize::from(alias.get().saturating_sub(1));
        self.names.get(place)?.as_ref()
    }
}

/// Aliases that the gateway has set: for the first topics that it sends.
#[derive(Debug, Default)]
pub(super) struct Sent {
    maximum: u16,
    aliases: HashMap<Box<[u8]>, NonZeroU16, foldhash::fast::RandomState>,
}

impl Sent {
    /// At most `maximum` aliases; 0 for none.
    pub(super) fn new(maximum: u16) -> Self {
        Self {
            maximum,
            aliases: HashMap::default(),
        }
    }

    /// How the next message on a topic names it.
    pub(super) fn form(&mut self, topic: &[u8]) -> TopicForm {
        // An alias is two bytes, and its property is three.
        if self.maximum == 0 || topic.len() <= 3 {
            return TopicForm::Name;
        }
        if let Some(alias) = self.aliases.get(topic) {
            return TopicForm::Alias(*alias);
        }
        let next = u16::try_from(self.aliases.len().saturating_add(1)).unwrap_or(u16::MAX);
        match NonZeroU16::new(next).filter(|next| next.get() <= self.maximum) {
            Some(alias) => {
                self.aliases.insert(topic.into(), alias);
                TopicForm::NameAndAlias(alias)
            }
            None => TopicForm::Name,
        }
    }

    /// The message that would have introduced an alias was not sent.
    pub(super) fn forget(&mut self, topic: &[u8]) {
        self.aliases.remove(topic);
    }
}

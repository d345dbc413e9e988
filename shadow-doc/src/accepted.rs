//! What an accepted request brings about.

use alloc::vec::Vec;

use crate::document::{Document, Version};
use crate::json;
use crate::service::finish;
use crate::time::EpochSeconds;
use crate::token::ClientToken;

/// The answer to an accepted request, and what else is to be published.
///
/// ```
/// use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
///
/// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
/// let update = Request::new(&address, Operation::Update, br#"{"state":{"reported":{"on":true}}}"#);
/// let accepted = Service::default()
///     .apply(&mut Shadow::default(), &update, EpochSeconds::from(3_u32))
///     .unwrap();
///
/// assert_eq!(
///     accepted.response(),
///     br#"{"state":{"reported":{"on":true}},"metadata":{"reported":{"on":{"timestamp":3}}},"version":1,"timestamp":3}"#
/// );
/// assert!(accepted.delta().is_none(), "nothing is desired");
/// assert_eq!(
///     accepted.to_documents().unwrap(),
///     br#"{"previous":null,"current":{"state":{"reported":{"on":true}},"metadata":{"reported":{"on":{"timestamp":3}}},"version":1},"timestamp":3}"#
/// );
/// # Ok::<(), shadow_doc::NameError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Accepted {
    response: Vec<u8>,
    delta: Option<Vec<u8>>,
    version: Version,
    change: Option<Change>,
}

#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) previous: Option<Document>,
    pub(crate) current: Document,
    pub(crate) timestamp: EpochSeconds,
    pub(crate) client_token: Option<ClientToken>,
}

impl Accepted {
    pub(crate) const fn new(response: Vec<u8>, version: Version) -> Self {
        Self {
            response,
            delta: None,
            version,
            change: None,
        }
    }

    pub(crate) const fn of_update(
        response: Vec<u8>,
        delta: Option<Vec<u8>>,
        version: Version,
        change: Change,
    ) -> Self {
        Self {
            response,
            delta,
            version,
            change: Some(change),
        }
    }

    /// The payload for the `accepted` topic, and the body of the HTTP reply.
    ///
    /// ```
    /// # use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// let update = Request::new(&address, Operation::Update, br#"{"state":{}}"#);
    /// let accepted = Service::default().apply(&mut Shadow::default(), &update, EpochSeconds::default());
    /// assert_eq!(accepted.unwrap().response(), br#"{"state":{},"metadata":{},"version":1,"timestamp":0}"#);
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn response(&self) -> &[u8] {
        &self.response
    }

    /// The payload for the `delta` topic: all outstanding differences, after every update as long as
    /// there are any. `None` if nothing may be published.
    ///
    /// ```
    /// # use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// let update = Request::new(&address, Operation::Update, br#"{"state":{"desired":{"a":1}}}"#);
    /// let accepted = Service::default().apply(&mut Shadow::default(), &update, EpochSeconds::default());
    /// assert!(accepted.unwrap().delta().is_some());
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn delta(&self) -> Option<&[u8]> {
        self.delta.as_deref()
    }

    /// The version that the answer carries. For a `delete` it is the one that was deleted.
    ///
    /// ```
    /// # use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// let update = Request::new(&address, Operation::Update, br#"{"state":{}}"#);
    /// let accepted = Service::default().apply(&mut Shadow::default(), &update, EpochSeconds::default());
    /// assert_eq!(accepted.unwrap().version().get(), 1);
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Whether there is a `documents` message to publish: after every update, and after nothing else.
    ///
    /// ```
    /// # use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// let update = Request::new(&address, Operation::Update, br#"{"state":{}}"#);
    /// let accepted = Service::default().apply(&mut Shadow::default(), &update, EpochSeconds::default());
    /// assert!(accepted.unwrap().has_documents());
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub const fn has_documents(&self) -> bool {
        self.change.is_some()
    }

    /// The payload for the `documents` topic: the shadow before and after an update.
    ///
    /// Written when asked for, since it is by far the largest message (57 KB for an 8 KB document)
    /// and few subscribe to it. `None` unless the request was an update.
    ///
    /// ```
    /// # use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let mut shadow = Shadow::default();
    /// let update = Request::new(&address, Operation::Update, br#"{"state":{}}"#);
    /// Service::default().apply(&mut shadow, &update, EpochSeconds::default()).unwrap();
    /// let get = Request::new(&address, Operation::Get, b"");
    /// let accepted = Service::default().apply(&mut shadow, &get, EpochSeconds::default()).unwrap();
    /// assert!(accepted.to_documents().is_none());
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn to_documents(&self) -> Option<Vec<u8>> {
        let change = self.change.as_ref()?;
        let mut out = Vec::from(&b"{\"previous\":"[..]);
        match &change.previous {
            None => out.extend_from_slice(b"null"),
            Some(previous) => write_document(previous, &mut out),
        }
        out.extend_from_slice(b",\"current\":");
        write_document(&change.current, &mut out);
        finish(change.timestamp, change.client_token.as_ref(), &mut out);
        Some(out)
    }

    /// The document before the update; `None` if it made the shadow, or if it was no update.
    ///
    /// ```
    /// # use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// let update = Request::new(&address, Operation::Update, br#"{"state":{}}"#);
    /// let accepted = Service::default().apply(&mut Shadow::default(), &update, EpochSeconds::default());
    /// assert!(accepted.unwrap().previous().is_none());
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn previous(&self) -> Option<&Document> {
        self.change.as_ref()?.previous.as_ref()
    }
}

fn write_document(document: &Document, out: &mut Vec<u8>) {
    out.push(b'{');
    document.write_sections(None, out);
    out.extend_from_slice(b",\"version\":");
    json::push_number(document.version.get(), out);
    out.push(b'}');
}

//! Update requests, to send.

use alloc::vec::Vec;

use crate::document::Version;
use crate::json;
use crate::patch::Patch;
use crate::token::ClientToken;

/// An update request that is being put together.
///
/// ```
/// use shadow_doc::{Patch, UpdateRequest};
///
/// let payload = UpdateRequest::new()
///     .desired(Patch::from_json(br#"{"on":true}"#)?)
///     .to_payload();
/// assert_eq!(payload, br#"{"state":{"desired":{"on":true}}}"#);
/// # Ok::<(), shadow_doc::JsonError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateRequest {
    desired: Change,
    reported: Change,
    version: Option<Version>,
    client_token: Option<ClientToken>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Change {
    #[default]
    None,
    Clear,
    Patch(Patch),
}

impl UpdateRequest {
    /// A request that changes nothing.
    ///
    /// ```
    /// assert_eq!(shadow_doc::UpdateRequest::new().to_payload(), br#"{"state":{}}"#);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes `desired`.
    ///
    /// ```
    /// # use shadow_doc::{Patch, UpdateRequest};
    /// let request = UpdateRequest::new().desired(Patch::from_json(br#"{"a":null}"#)?);
    /// assert_eq!(request.to_payload(), br#"{"state":{"desired":{"a":null}}}"#);
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    #[must_use]
    pub fn desired(mut self, patch: Patch) -> Self {
        self.desired = Change::Patch(patch);
        self
    }

    /// Changes `reported`.
    ///
    /// ```
    /// # use shadow_doc::{Patch, UpdateRequest};
    /// let request = UpdateRequest::new().reported(Patch::from_json(br#"{"a":1}"#)?);
    /// assert_eq!(request.to_payload(), br#"{"state":{"reported":{"a":1}}}"#);
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    #[must_use]
    pub fn reported(mut self, patch: Patch) -> Self {
        self.reported = Change::Patch(patch);
        self
    }

    /// Removes `desired` as a whole.
    ///
    /// ```
    /// # use shadow_doc::UpdateRequest;
    /// let payload = UpdateRequest::new().clear_desired().to_payload();
    /// assert_eq!(payload, br#"{"state":{"desired":null}}"#);
    /// ```
    #[must_use]
    pub fn clear_desired(mut self) -> Self {
        self.desired = Change::Clear;
        self
    }

    /// Removes `reported` as a whole.
    ///
    /// ```
    /// # use shadow_doc::UpdateRequest;
    /// let payload = UpdateRequest::new().clear_reported().to_payload();
    /// assert_eq!(payload, br#"{"state":{"reported":null}}"#);
    /// ```
    #[must_use]
    pub fn clear_reported(mut self) -> Self {
        self.reported = Change::Clear;
        self
    }

    /// Only if the shadow has this version; the service answers 409 otherwise.
    ///
    /// ```
    /// # use shadow_doc::{UpdateRequest, Version};
    /// let payload = UpdateRequest::new().if_version(Version::FIRST).to_payload();
    /// assert_eq!(payload, br#"{"state":{},"version":1}"#);
    /// ```
    #[must_use]
    pub const fn if_version(mut self, version: Version) -> Self {
        self.version = Some(version);
        self
    }

    /// Ties the answer to this request.
    ///
    /// ```
    /// # use shadow_doc::{ClientToken, UpdateRequest};
    /// let payload = UpdateRequest::new().client_token(ClientToken::try_from("t")?).to_payload();
    /// assert_eq!(payload, br#"{"state":{},"clientToken":"t"}"#);
    /// # Ok::<(), shadow_doc::ClientTokenError>(())
    /// ```
    #[must_use]
    pub fn client_token(mut self, token: ClientToken) -> Self {
        self.client_token = Some(token);
        self
    }

    /// The payload for the `update` topic.
    ///
    /// ```
    /// assert_eq!(shadow_doc::UpdateRequest::new().to_payload().len(), 12);
    /// ```
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        let mut out = Vec::from(&b"{\"state\":{"[..]);
        let sections = [
            (&b"\"desired\":"[..], &self.desired),
            (&b"\"reported\":"[..], &self.reported),
        ];
        let mut is_first = true;
        for (name, change) in sections {
            if *change == Change::None {
                continue;
            }
            if !is_first {
                out.push(b',');
            }
            is_first = false;
            out.extend_from_slice(name);
            match change {
                Change::Patch(patch) => out.extend_from_slice(&patch.to_json()),
                Change::None | Change::Clear => out.extend_from_slice(b"null"),
            }
        }
        out.push(b'}');
        if let Some(version) = self.version {
            out.extend_from_slice(b",\"version\":");
            json::push_number(version.get(), &mut out);
        }
        ClientToken::write(self.client_token.as_ref(), &mut out);
        out.push(b'}');
        out
    }
}

//! Requests, from bytes to what they ask for.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::cell::Cell;

use crate::json::{self, ArrayNulls, JsonError, JsonErrorKind, Scanner};
use crate::limits::{Depth, Limits};
use crate::names::ShadowAddress;
use crate::patch::Patch;
use crate::profile::{
    ArrayLevels, DuplicateKeys, ExplicitNull, MalformedEmptyRequest, NullInArrayObject, Profile,
};
use crate::rejection::{Rejection, RejectionKind};
use crate::time::EpochSeconds;
use crate::token::ClientToken;
use crate::tree::{self, Nulls, TreeRules};

/// What a client can ask of a shadow.
///
/// ```
/// assert_eq!(shadow_doc::Operation::Update.as_str(), "update");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Read it.
    Get,
    /// Change it.
    Update,
    /// Remove it.
    Delete,
}

impl Operation {
    /// The word in the topic.
    ///
    /// ```
    /// assert_eq!(shadow_doc::Operation::Get.as_str(), "get");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// A request as it arrived.
///
/// ```
/// use shadow_doc::{Operation, Request, ShadowAddress, ThingName};
///
/// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
/// let request = Request::new(&address, Operation::Get, b"");
/// assert_eq!(request.operation(), Operation::Get);
/// # Ok::<(), shadow_doc::NameError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub(crate) address: &'a ShadowAddress<'a>,
    operation: Operation,
    pub(crate) payload: &'a [u8],
}

impl<'a> Request<'a> {
    /// A request for `operation` on the shadow at `address`. The address is needed for the text of a
    /// 404 only; it is the caller who finds the shadow by it.
    ///
    /// ```
    /// # use shadow_doc::{Operation, Request, ShadowAddress, ThingName};
    /// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// let request = Request::new(&address, Operation::Update, br#"{"state":{}}"#);
    /// # let _ = request;
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub const fn new(
        address: &'a ShadowAddress<'a>,
        operation: Operation,
        payload: &'a [u8],
    ) -> Self {
        Self {
            address,
            operation,
            payload,
        }
    }

    /// What is asked for.
    ///
    /// ```
    /// # use shadow_doc::{Operation, Request, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// assert_eq!(Request::new(&address, Operation::Delete, b"").operation(), Operation::Delete);
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub const fn operation(&self) -> Operation {
        self.operation
    }
}

/// An update that is well-formed.
pub(crate) struct Update {
    pub(crate) state: Option<Sections>,
    pub(crate) version: Option<u64>,
    pub(crate) client_token: Option<ClientToken>,
}

/// What an update says of the two sections; in place of [`Update::state`], `None` is `"state":null`.
#[derive(Default)]
pub(crate) struct Sections {
    pub(crate) desired: Section,
    pub(crate) reported: Section,
}

#[derive(Default)]
pub(crate) enum Section {
    #[default]
    Absent,
    Null,
    Patch(Patch),
}

/// A member of the request as it was read; judged only when the whole text is known to be JSON and
/// later duplicates have had their say.
#[derive(Default)]
enum Node<T> {
    #[default]
    Absent,
    Null,
    Other,
    Value(T),
}

#[derive(Default)]
struct Members {
    state: Node<StateNode>,
    version: Node<u64>,
    client_token: Node<ClientToken>,
}

#[derive(Default)]
struct StateNode {
    desired: Node<Patch>,
    reported: Node<Patch>,
    unknown: Option<(Box<str>, usize)>,
}

pub(crate) fn parse_update(
    payload: &[u8],
    limits: &Limits,
    profile: &Profile,
    now: EpochSeconds,
) -> Result<Update, Rejection> {
    let reader = Reader {
        limits,
        profile,
        now,
        is_ignored_too_deep: Cell::new(false),
    };
    let members = reader.read(payload, true)?;
    let client_token = reader.client_token(members.client_token)?;
    reader
        .judge(members.state, members.version)
        .map(|(state, version)| Update {
            state,
            version,
            client_token: client_token.clone(),
        })
        .map_err(|rejection| rejection.with_token(client_token))
}

/// The client token of a `get` or `delete`, whose payload is empty or an object.
pub(crate) fn parse_empty(
    payload: &[u8],
    limits: &Limits,
    profile: &Profile,
    now: EpochSeconds,
) -> Result<Option<ClientToken>, Rejection> {
    if payload.is_empty() {
        return Ok(None);
    }
    let reader = Reader {
        limits,
        profile,
        now,
        is_ignored_too_deep: Cell::new(false),
    };
    match reader.read(payload, false) {
        Ok(members) => reader.client_token(members.client_token),
        Err(_) if profile.malformed_empty_request == MalformedEmptyRequest::Ignore => Ok(None),
        Err(rejection) => Err(rejection),
    }
}

struct Reader<'a> {
    limits: &'a Limits,
    profile: &'a Profile,
    now: EpochSeconds,
    /// Set when it is a value that is not kept that goes too deep.
    is_ignored_too_deep: Cell<bool>,
}

impl Reader<'_> {
    fn read(&self, payload: &[u8], with_state: bool) -> Result<Members, Rejection> {
        if payload.len() > self.limits.payload_bytes {
            return Err(Rejection::new(RejectionKind::TooLarge));
        }
        let reject = |error: JsonError| {
            let kind = match error.kind() {
                JsonErrorKind::NotUtf8 => RejectionKind::UnsupportedEncoding,
                JsonErrorKind::TooDeep if self.is_ignored_too_deep.get() => {
                    RejectionKind::TooDeep(Depth::MAX)
                }
                JsonErrorKind::TooDeep => RejectionKind::TooDeep(self.limits.depth),
                JsonErrorKind::TooLong => RejectionKind::TooLarge,
                kind => RejectionKind::InvalidJson(kind),
            };
            // What is JSON, and refused for what it says, has its token echoed.
            let token = ClientToken::in_payload(payload, self.limits.client_token_bytes);
            Rejection::new(kind).at(error.offset()).with_token(token)
        };
        let mut scanner = Scanner::new(payload).map_err(reject)?;
        let mut members = Members::default();
        if !scanner.eat(b'{') {
            // A bracket bomb is refused as what it is; any other value is no object.
            let offset = scanner.offset();
            self.skip(&mut scanner).map_err(reject)?;
            scanner.finish().map_err(reject)?;
            return Err(reject(JsonError::new(JsonErrorKind::NotAnObject, offset)));
        }
        self.read_members(&mut scanner, &mut members, with_state)
            .map_err(reject)?;
        scanner.finish().map_err(reject)?;
        Ok(members)
    }

    /// Passes over a value that is not kept. It may be deeper than a section, since a client may send
    /// back what it got, and metadata is deeper than the state it mirrors.
    fn skip(&self, scanner: &mut Scanner<'_>) -> Result<(), JsonError> {
        let skipped = scanner.skip_value(Depth::MAX.get().into());
        let is_too_deep = |error: &JsonError| error.kind() == JsonErrorKind::TooDeep;
        self.is_ignored_too_deep
            .set(skipped.as_ref().is_err_and(is_too_deep));
        skipped
    }

    fn read_members(
        &self,
        scanner: &mut Scanner<'_>,
        members: &mut Members,
        with_state: bool,
    ) -> Result<(), JsonError> {
        self.each_member(scanner, |name, _, scanner| {
            match name {
                b"state" if with_state => {
                    let read = |scanner: &mut Scanner<'_>| {
                        let mut state = StateNode::default();
                        scanner.eat(b'{');
                        self.read_state(scanner, &mut state)?;
                        Ok(state)
                    };
                    members.state = self.object_node(scanner, read)?;
                    Ok(())
                }
                b"version" if with_state => {
                    members.version = match scanner.peek() {
                        Some(byte) if json::is_number_start(byte) => {
                            json::integer(scanner.number()?).map_or(Node::Other, Node::Value)
                        }
                        _ => self.other_node(scanner)?,
                    };
                    Ok(())
                }
                b"clientToken" => {
                    members.client_token = match scanner.peek() {
                        Some(b'"') => {
                            let string = scanner.string()?;
                            let mut text = Vec::with_capacity(string.raw.len());
                            json::canonical(string.raw, string.offset, &mut text)?;
                            let max = self.limits.client_token_bytes;
                            ClientToken::within(&json::unescape(&text), max)
                                .map_or(Node::Other, Node::Value)
                        }
                        _ => self.other_node(scanner)?,
                    };
                    Ok(())
                }
                // Developer guide, "Diagnosing problems": what is outside `state` is ignored.
                _ => self.skip(scanner),
            }
        })
    }

    fn read_state(
        &self,
        scanner: &mut Scanner<'_>,
        state: &mut StateNode,
    ) -> Result<(), JsonError> {
        self.each_member(scanner, |name, offset, scanner| {
            let patch = |scanner: &mut Scanner<'_>| {
                let mut bytes = Vec::new();
                tree::parse_object(scanner, &self.tree_rules(), &mut bytes)?;
                Ok(Patch::from_members(bytes))
            };
            let node = match name {
                b"desired" => &mut state.desired,
                b"reported" => &mut state.reported,
                other => {
                    let name = json::unescape(other);
                    state
                        .unknown
                        .get_or_insert_with(|| (Box::from(name.as_ref()), offset));
                    return self.skip(scanner);
                }
            };
            *node = self.object_node(scanner, patch)?;
            Ok(())
        })
    }

    /// Goes through an object whose names the request gives a meaning to. `read` is given the name
    /// and the place where it stands.
    fn each_member(
        &self,
        scanner: &mut Scanner<'_>,
        mut read: impl FnMut(&[u8], usize, &mut Scanner<'_>) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        if scanner.eat(b'}') {
            return Ok(());
        }
        let rejects_duplicates = self.profile.duplicate_keys == DuplicateKeys::Reject;
        let mut seen: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut spelled = Vec::new();
        loop {
            let name = scanner.string()?;
            let offset = name.offset;
            let name = if name.escaped {
                spelled.clear();
                json::canonical(name.raw, name.offset, &mut spelled)?;
                &spelled
            } else {
                name.raw
            };
            scanner.skip_space();
            scanner.expect(b':')?;
            if rejects_duplicates && !seen.insert(name.to_vec()) {
                return Err(JsonError::new(JsonErrorKind::DuplicateKey, offset));
            }
            read(name, offset, scanner)?;
            scanner.skip_space();
            if !scanner.eat(b',') {
                return scanner.expect(b'}');
            }
        }
    }

    fn object_node<T>(
        &self,
        scanner: &mut Scanner<'_>,
        read: impl FnOnce(&mut Scanner<'_>) -> Result<T, JsonError>,
    ) -> Result<Node<T>, JsonError> {
        match scanner.peek() {
            Some(b'{') => read(scanner).map(Node::Value),
            _ => self.other_node(scanner),
        }
    }

    fn other_node<T>(&self, scanner: &mut Scanner<'_>) -> Result<Node<T>, JsonError> {
        let is_null = scanner.peek() == Some(b'n');
        self.skip(scanner)?;
        Ok(if is_null { Node::Null } else { Node::Other })
    }

    fn tree_rules(&self) -> TreeRules {
        TreeRules {
            stamp: self.now,
            max_level: self.limits.depth.get().into(),
            count_arrays: self.profile.array_levels == ArrayLevels::Counted,
            reject_duplicates: self.profile.duplicate_keys == DuplicateKeys::Reject,
            array_nulls: match self.profile.null_in_array_object {
                NullInArrayObject::Keep => ArrayNulls::InObjects,
                NullInArrayObject::Reject => ArrayNulls::Refuse,
            },
            nulls: Nulls::Keep,
        }
    }

    fn client_token(&self, node: Node<ClientToken>) -> Result<Option<ClientToken>, Rejection> {
        match node {
            Node::Absent => Ok(None),
            Node::Null if self.profile.explicit_null == ExplicitNull::Absent => Ok(None),
            Node::Null | Node::Other => Err(Rejection::new(RejectionKind::InvalidClientToken)),
            Node::Value(token) => Ok(Some(token)),
        }
    }

    fn judge(
        &self,
        state: Node<StateNode>,
        version: Node<u64>,
    ) -> Result<(Option<Sections>, Option<u64>), Rejection> {
        let version = match version {
            Node::Absent => None,
            Node::Null if self.profile.explicit_null == ExplicitNull::Absent => None,
            Node::Null | Node::Other => return Err(Rejection::new(RejectionKind::InvalidVersion)),
            Node::Value(version) => Some(version),
        };
        let section = |node: Node<Patch>, kind: RejectionKind| match node {
            Node::Absent => Ok(Section::Absent),
            Node::Null => Ok(Section::Null),
            Node::Other => Err(Rejection::new(kind)),
            Node::Value(patch) => Ok(Section::Patch(patch)),
        };
        match state {
            Node::Absent => Err(Rejection::new(RejectionKind::MissingState)),
            Node::Other => Err(Rejection::new(RejectionKind::StateNotObject)),
            // Seen live: a null state clears both sections and keeps the shadow.
            Node::Null => Ok((None, version)),
            Node::Value(state) => {
                if let Some((name, offset)) = state.unknown {
                    return Err(Rejection::named(RejectionKind::InvalidNode, name).at(offset));
                }
                let sections = Sections {
                    desired: section(state.desired, RejectionKind::DesiredNotObject)?,
                    reported: section(state.reported, RejectionKind::ReportedNotObject)?,
                };
                Ok((Some(sections), version))
            }
        }
    }
}

//! Where shadows are kept: the caller's database behind a small trait.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::convert::Infallible;

use crate::accepted::Accepted;
use crate::document::{Revision, Shadow};
use crate::json;
use crate::names::{ShadowAddress, ShadowName, ThingName};
use crate::rejection::{Rejection, RejectionKind};
use crate::request::{Operation, Request};
use crate::service::{Service, finish};
use crate::time::EpochSeconds;
use crate::token::ClientToken;

/// A place that keeps shadows.
///
/// A tombstone is a shadow like any other here: [`Shadow::to_bytes`] writes it, and it goes when it is
/// put in as [`Shadow::default`] or by [`expire`](Self::expire). Any database that can replace a row
/// under a condition can carry it: one row a shadow, the bytes and [`Revision::to_number`].
///
/// The methods take `&mut self`, as those of `io::Read` do, so that a plain map can be a store. A
/// database that threads share implements the trait for a reference to itself (`impl Store for
/// &Database`), and each thread calls [`process`] with a `&mut &database` of its own. A gateway whose
/// database is asynchronous has no use for the trait: it loads, calls
/// [`Service::apply`](crate::Service::apply) and puts under the condition that [`Shadow::revision`] is
/// still what it was. `examples/gateway.rs` shows both.
///
/// ```
/// use shadow_doc::{MemoryStore, Revision, Shadow, ShadowAddress, Store, ThingName};
///
/// let mut store = MemoryStore::default();
/// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
/// let Ok(shadow) = store.load(&address);
/// assert_eq!(shadow, Shadow::default());
/// # Ok::<(), shadow_doc::NameError>(())
/// ```
pub trait Store {
    /// What can go wrong in the database.
    type Error;

    /// The shadow, or [`Shadow::default`] if nothing is kept under this address.
    ///
    /// # Errors
    /// The database failed.
    fn load(&mut self, address: &ShadowAddress<'_>) -> Result<Shadow, Self::Error>;

    /// Keeps `shadow` if what is kept now has the revision `expected`, in one step that nothing can
    /// come between.
    ///
    /// # Errors
    /// The database failed.
    fn compare_and_put(
        &mut self,
        address: &ShadowAddress<'_>,
        expected: Revision,
        shadow: &Shadow,
    ) -> Result<Put, Self::Error>;

    /// The names of a thing's named shadows that exist, in order, after `after`, at most `limit`.
    ///
    /// # Errors
    /// The database failed.
    fn list(
        &mut self,
        thing: &ThingName<'_>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ShadowName<'static>>, Self::Error>;

    /// Forgets tombstones that are `limit` seconds old or older at `now`. Returns how many.
    ///
    /// # Errors
    /// The database failed.
    fn expire(&mut self, now: EpochSeconds, limit: u64) -> Result<usize, Self::Error>;
}

/// What became of a [`Store::compare_and_put`].
///
/// ```
/// assert_ne!(shadow_doc::Put::Stored, shadow_doc::Put::Conflict);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is kept.
    Stored,
    /// Someone else was faster; nothing was changed.
    Conflict,
}

/// A store in memory, for tests and for gateways that can lose their shadows.
///
/// ```
/// use shadow_doc::{EpochSeconds, MemoryStore, Operation, Processed, Request, Service, ShadowAddress, ThingName, process};
///
/// let mut store = MemoryStore::default();
/// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
/// let update = Request::new(&address, Operation::Update, br#"{"state":{}}"#);
/// let Ok(done) = process(&Service::default(), &mut store, &update, EpochSeconds::from(1_u32));
/// assert!(matches!(done, Processed::Accepted(_)));
/// assert_eq!(store.len(), 1);
/// # Ok::<(), shadow_doc::NameError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    /// By thing, then by name; the classic shadow's name is empty, which no named one's is.
    shadows: BTreeMap<(String, String), Shadow>,
}

impl MemoryStore {
    /// Shadows and tombstones that are kept.
    ///
    /// ```
    /// assert_eq!(shadow_doc::MemoryStore::default().len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.shadows.len()
    }

    /// True if nothing is kept.
    ///
    /// ```
    /// assert!(shadow_doc::MemoryStore::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shadows.is_empty()
    }
}

fn key(address: &ShadowAddress<'_>) -> (String, String) {
    let shadow = address.shadow().map_or("", ShadowName::as_str);
    (address.thing().as_str().to_owned(), shadow.to_owned())
}

impl Store for MemoryStore {
    type Error = Infallible;

    fn load(&mut self, address: &ShadowAddress<'_>) -> Result<Shadow, Infallible> {
        Ok(self.shadows.get(&key(address)).cloned().unwrap_or_default())
    }

    fn compare_and_put(
        &mut self,
        address: &ShadowAddress<'_>,
        expected: Revision,
        shadow: &Shadow,
    ) -> Result<Put, Infallible> {
        let key = key(address);
        let kept = self
            .shadows
            .get(&key)
            .map(Shadow::revision)
            .unwrap_or_default();
        if kept != expected {
            return Ok(Put::Conflict);
        }
        if *shadow == Shadow::default() {
            self.shadows.remove(&key);
        } else {
            self.shadows.insert(key, shadow.clone());
        }
        Ok(Put::Stored)
    }

    fn list(
        &mut self,
        thing: &ThingName<'_>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ShadowName<'static>>, Infallible> {
        let first = (
            thing.as_str().to_owned(),
            after.unwrap_or_default().to_owned(),
        );
        Ok(self
            .shadows
            .range(first.clone()..)
            .take_while(|((name, _), _)| name.as_str() == thing.as_str())
            .filter(|(key, shadow)| **key > first && shadow.document().is_some())
            .filter_map(|((_, shadow), _)| ShadowName::try_from(shadow.clone()).ok())
            .take(limit)
            .collect())
    }

    fn expire(&mut self, now: EpochSeconds, limit: u64) -> Result<usize, Infallible> {
        let before = self.shadows.len();
        self.shadows.retain(|_, shadow| {
            shadow
                .tombstone()
                .is_none_or(|tombstone| !tombstone.is_expired(now, limit))
        });
        Ok(before.saturating_sub(self.shadows.len()))
    }
}

/// What became of a request that was carried out on a store.
///
/// ```
/// use shadow_doc::{EpochSeconds, MemoryStore, Operation, Processed, Request, Service, ShadowAddress, ThingName, process};
///
/// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
/// let get = Request::new(&address, Operation::Get, b"");
/// let Ok(done) = process(&Service::default(), &mut MemoryStore::default(), &get, EpochSeconds::default());
/// let Processed::Rejected(rejection) = done else { panic!() };
/// assert_eq!(rejection.code(), 404);
/// # Ok::<(), shadow_doc::NameError>(())
/// ```
#[derive(Clone, Debug)]
pub enum Processed {
    /// It was carried out and is kept.
    Accepted(Accepted),
    /// It was not.
    Rejected(Rejection),
}

/// How often [`process`] tries to put a shadow that others keep changing.
const ATTEMPTS: usize = 16;

/// Carries out one request on a store: load, apply, put, and again if someone else was faster.
///
/// After sixteen attempts the request is rejected with [`RejectionKind::InternalFailure`].
///
/// ```
/// use shadow_doc::{EpochSeconds, MemoryStore, Operation, Processed, Request, Service, ShadowAddress, ThingName, process};
///
/// let (service, mut store) = (Service::default(), MemoryStore::default());
/// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
/// for version in 1..=3 {
///     let update = Request::new(&address, Operation::Update, br#"{"state":{"reported":{"on":true}}}"#);
///     let Ok(done) = process(&service, &mut store, &update, EpochSeconds::from(9_u32));
///     let Processed::Accepted(accepted) = done else { panic!() };
///     assert_eq!(accepted.version().get(), version);
/// }
/// # Ok::<(), shadow_doc::NameError>(())
/// ```
///
/// # Errors
/// The database failed; nothing may be published then.
pub fn process<S: Store>(
    service: &Service,
    store: &mut S,
    request: &Request<'_>,
    now: EpochSeconds,
) -> Result<Processed, S::Error> {
    for _ in 0..ATTEMPTS {
        let mut shadow = store.load(request.address)?;
        let loaded = shadow.revision();
        let accepted = match service.apply(&mut shadow, request, now) {
            Ok(accepted) => accepted,
            Err(rejection) => return Ok(Processed::Rejected(rejection)),
        };
        let is_read = request.operation() == Operation::Get;
        if is_read || store.compare_and_put(request.address, loaded, &shadow)? == Put::Stored {
            return Ok(Processed::Accepted(accepted));
        }
    }
    let longest = service.limits().client_token_bytes;
    let token = ClientToken::in_payload(request.payload, longest);
    let rejection = Rejection::new(RejectionKind::InternalFailure).with_token(token);
    Ok(Processed::Rejected(rejection))
}

/// One page of `ListNamedShadowsForThing`.
///
/// ```
/// use shadow_doc::{EpochSeconds, MemoryStore, Page, ThingName};
///
/// let thing = ThingName::try_from("lamp")?;
/// let Ok(page) = Page::load(&mut MemoryStore::default(), &thing, None, Some(25));
/// assert_eq!(page.to_payload(EpochSeconds::from(4_u32)), br#"{"results":[],"timestamp":4}"#);
/// # Ok::<(), shadow_doc::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    names: Vec<ShadowName<'static>>,
    next_token: Option<String>,
}

impl Page {
    /// The page after `next_token`, with at most `page_size` names: 1 to 100, and 100 if that is not
    /// said.
    ///
    /// ```
    /// # use shadow_doc::{MemoryStore, Page, ThingName};
    /// let Ok(page) = Page::load(&mut MemoryStore::default(), &ThingName::try_from("t")?, Some("a"), None);
    /// assert!(page.names().is_empty());
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    ///
    /// # Errors
    /// The database failed.
    pub fn load<S: Store>(
        store: &mut S,
        thing: &ThingName<'_>,
        next_token: Option<&str>,
        page_size: Option<u8>,
    ) -> Result<Self, S::Error> {
        let size = usize::from(
            page_size
                .unwrap_or(crate::RestRequest::MAX_PAGE_SIZE)
                .clamp(1, crate::RestRequest::MAX_PAGE_SIZE),
        );
        // One more than is shown tells whether there is another page.
        let mut names = store.list(thing, next_token, size.saturating_add(1))?;
        let has_more = names.len() > size;
        names.truncate(size);
        let last = names.last().filter(|_| has_more);
        let next_token = last.map(|name| name.as_str().to_owned());
        Ok(Self { names, next_token })
    }

    /// The names.
    ///
    /// ```
    /// # use shadow_doc::{MemoryStore, Page, ThingName};
    /// # let Ok(page) = Page::load(&mut MemoryStore::default(), &ThingName::try_from("t")?, None, None);
    /// assert_eq!(page.names().len(), 0);
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn names(&self) -> &[ShadowName<'static>] {
        &self.names
    }

    /// What asks for the next page; `None` on the last.
    ///
    /// ```
    /// # use shadow_doc::{MemoryStore, Page, ThingName};
    /// # let Ok(page) = Page::load(&mut MemoryStore::default(), &ThingName::try_from("t")?, None, None);
    /// assert_eq!(page.next_token(), None);
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn next_token(&self) -> Option<&str> {
        self.next_token.as_deref()
    }

    /// The body of the HTTP reply. `nextToken` is absent on the last page.
    ///
    /// ```
    /// # use shadow_doc::{EpochSeconds, MemoryStore, Page, ThingName};
    /// # let Ok(page) = Page::load(&mut MemoryStore::default(), &ThingName::try_from("t")?, None, None);
    /// assert_eq!(page.to_payload(EpochSeconds::default()), br#"{"results":[],"timestamp":0}"#);
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn to_payload(&self, now: EpochSeconds) -> Vec<u8> {
        let mut out = Vec::from(&b"{\"results\":["[..]);
        for (index, name) in self.names.iter().enumerate() {
            out.extend_from_slice(if index == 0 { b"\"" } else { b",\"" });
            json::escape(name.as_str(), &mut out);
            out.push(b'"');
        }
        out.push(b']');
        if let Some(token) = &self.next_token {
            out.extend_from_slice(b",\"nextToken\":\"");
            json::escape(token, &mut out);
            out.push(b'"');
        }
        finish(now, None, &mut out);
        out
    }
}

//! Shadows behind a database: one that threads share, through the `Store` trait, and one whose calls are
//! asynchronous, without it.

use core::task::{Context, Poll, Waker};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use shadow_doc::{
    Accepted, EpochSeconds, MemoryStore, Operation, Processed, Put, Rejection, RejectionKind,
    Request, Revision, Service, Shadow, ShadowAddress, ShadowName, Store, ThingName, process,
};

/// A database that threads share: the trait is implemented for a reference to it, so that each thread has a
/// store of its own. A pool of connections would stand where the lock stands.
#[derive(Default)]
struct Database(Mutex<MemoryStore>);

impl Database {
    fn with<R>(&self, work: impl FnOnce(&mut MemoryStore) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store for &Database {
    type Error = <MemoryStore as Store>::Error;

    fn load(&mut self, address: &ShadowAddress<'_>) -> Result<Shadow, Self::Error> {
        self.with(|store| store.load(address))
    }

    fn compare_and_put(
        &mut self,
        address: &ShadowAddress<'_>,
        expected: Revision,
        shadow: &Shadow,
    ) -> Result<Put, Self::Error> {
        self.with(|store| store.compare_and_put(address, expected, shadow))
    }

    fn list(
        &mut self,
        thing: &ThingName<'_>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ShadowName<'static>>, Self::Error> {
        self.with(|store| store.list(thing, after, limit))
    }

    fn expire(&mut self, now: EpochSeconds, limit: u64) -> Result<usize, Self::Error> {
        self.with(|store| store.expire(now, limit))
    }
}

/// A table as an asynchronous database has it: `SELECT bytes`, and `UPDATE … WHERE revision = …`.
#[derive(Default)]
struct Table(Mutex<HashMap<String, (u128, Vec<u8>)>>);

impl Table {
    async fn select(&self, key: &str) -> Vec<u8> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.get(key)
            .map(|(_, bytes)| bytes.clone())
            .unwrap_or_default()
    }

    async fn update_where(&self, key: &str, revision: Revision, shadow: &Shadow) -> Put {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = rows.get(key).map_or(0, |(stored, _)| *stored);
        if stored != revision.to_number() {
            return Put::Conflict;
        }
        let row = (shadow.revision().to_number(), shadow.to_bytes());
        rows.insert(key.to_owned(), row);
        Put::Stored
    }
}

/// One request of an asynchronous gateway: load, apply, put if nobody was faster.
async fn serve(
    service: &Service,
    table: &Table,
    request: &Request<'_>,
    address: &ShadowAddress<'_>,
    now: EpochSeconds,
) -> Result<Accepted, Rejection> {
    let key = address.to_string();
    for _ in 0..16 {
        let bytes = table.select(&key).await;
        // Bytes that are damaged are never a wrong state, and nobody's request is to blame.
        let mut shadow = Shadow::from_bytes(&bytes)
            .map_err(|_| Rejection::by_gateway(RejectionKind::InternalFailure, b""))?;
        let revision = shadow.revision();
        let accepted = service.apply(&mut shadow, request, now)?;
        let is_read = request.operation() == Operation::Get;
        if is_read || table.update_where(&key, revision, &shadow).await == Put::Stored {
            return Ok(accepted);
        }
    }
    Err(Rejection::by_gateway(RejectionKind::InternalFailure, b""))
}

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let service = Service::default();
    let now = EpochSeconds::from(1_700_000_000_u32);
    let address = ShadowAddress::classic(ThingName::try_from("hall")?);
    let update = Request::new(
        &address,
        Operation::Update,
        br#"{"state":{"reported":{"on":true}}}"#,
    );

    // Four threads, one database: every update takes a number of its own.
    let database = Database::default();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let Ok(done) = process(&service, &mut &database, &update, now);
                    assert!(matches!(done, Processed::Accepted(_)));
                }
            });
        }
    });
    let Ok(shadow) = (&mut &database).load(&address);
    assert_eq!(shadow.revision().to_string(), "100");

    // The same without the trait. What is here never waits, so that one poll is enough.
    let table = Table::default();
    for version in 1..=3 {
        let answer = Box::pin(serve(&service, &table, &update, &address, now))
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(Ok(accepted)) = answer else {
            return Err("the update was not carried out".into());
        };
        assert_eq!(accepted.version().get(), version);
    }
    Ok(())
}

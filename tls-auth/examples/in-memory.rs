//! A device comes for the first time, is registered, comes back, and is taken out of use: without a socket.
//!
//!     cargo run --example in-memory
#![allow(
    clippy::print_stdout,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program on std that talks to whoever started it"
)]

#[path = "support/memory.rs"]
mod memory;

use std::error::Error;
use std::sync::Arc;

use memory::{handshake, plant};
use rustls::pki_types::UnixTime;
use tls_auth::{
    Authorities, MemoryRegistry, Outcome, Owner, PrincipalRule, ServerAuth, SessionStore, Status,
};

fn main() -> Result<(), Box<dyn Error>> {
    let plant = plant()?;
    let registry = Arc::new(MemoryRegistry::new());
    let auth = ServerAuth::builder(plant.server)
        .with_authorities(Authorities::new([plant
            .authority
            .with_auto_registration(true)]))
        .with_registry(registry.clone())
        .with_principal(PrincipalRule::common_name().for_mqtt())
        .with_sessions(SessionStore::new(100))
        .build()?;
    let meet = || -> Result<Outcome, Box<dyn Error>> {
        let attempt = auth.attempt(&[])?;
        let connection = handshake(&plant.device, attempt.config())?;
        Ok(attempt.authenticate(&connection, UnixTime::now())?)
    };

    if let Outcome::Unregistered(device) = meet()? {
        println!("nobody knows {} yet", device.principal());
        for (name, value) in device.parameters().iter() {
            println!("  {name} = {value}");
        }
        let record = device.pending_record(Owner::new("acme"));
        registry.insert(device.certificate_id(), &record)?;
        registry.set_status(&device.certificate_id(), Status::Active)?;
    }
    let device = meet()?.authenticated().ok_or("it was activated")?;
    println!(
        "{} of {:?} is in, resumed: {}",
        device.principal(),
        device.owner(),
        device.is_resumed()
    );
    let _connection = auth.track(&device, 1, UnixTime::now())?;

    registry.set_status(&plant.device_id, Status::Revoked)?;
    for expelled in auth.expelled(UnixTime::now()) {
        println!(
            "connection {} is to be closed: {}",
            expelled.connection(),
            expelled.refusal()
        );
    }
    match meet() {
        Ok(_) => println!("this does not happen"),
        Err(refusal) => println!("and it does not come in again: {refusal}"),
    }
    Ok(())
}

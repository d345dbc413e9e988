#![no_main]
//! A revocation list of any bytes, and the same signed by the CA: a device is let in only by a list that is read, is current, and does not
//! name it.

use libfuzzer_sys::fuzz_target;
use thingwire_fuzz::tls::{now, pki, signed, to_sign};
use tls_auth::{Profile, RevocationList, RevocationLists, RevocationPolicy};

fuzz_target!(|data: &[u8]| {
    let _ = RevocationList::new(data, &Profile::lenient());
    let der = to_sign(data).map_or_else(|| data.to_vec(), signed);
    let Ok(list) = RevocationList::new(&der, &Profile::strict()) else {
        return;
    };
    let seconds = i64::try_from(now().as_secs()).expect("it is before the end of time");
    let current =
        list.this_update() <= seconds && list.next_update().is_none_or(|next| seconds <= next);
    let lists = RevocationLists::new([list], RevocationPolicy::default());
    let verifier = pki().verifier.clone().with_revocation(lists);
    if verifier.verify(&pki().device, &[], now()).is_ok() {
        assert!(current);
        // The serial number 4711 of the device as an entry has it.
        assert!(
            !der.windows(6)
                .any(|window| window == [0x02, 0x02, 0x12, 0x67, 0x17, 0x0D])
        );
    }
});

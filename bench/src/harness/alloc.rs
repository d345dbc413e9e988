//! A global allocator that counts what its thread allocates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

pub struct CountingAllocator;

/// Allocations made by this thread so far, and bytes that it holds: allocated here less freed here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocations {
    pub count: u64,
    pub live: i64,
    /// The highest `live` since [`Allocations::reset_peak`].
    pub peak: i64,
}

thread_local! {
    static COUNTED: Cell<Allocations> = const { Cell::new(Allocations { count: 0, live: 0, peak: 0 }) };
}

impl Allocations {
    pub fn now() -> Self {
        COUNTED.get()
    }

    pub fn reset_peak() {
        let mut counted = COUNTED.get();
        counted.peak = counted.live;
        COUNTED.set(counted);
    }

    fn record(count: u64, bytes: i64) {
        // Without a thread-local any more (the thread is ending) nobody asks either.
        let _ = COUNTED.try_with(|cell| {
            let mut counted = cell.get();
            counted.count += count;
            counted.live += bytes;
            counted.peak = counted.peak.max(counted.live);
            cell.set(counted);
        });
    }
}

// SAFETY: every call goes to the system allocator with the arguments as they came.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Allocations::record(1, layout.size() as i64);
        // SAFETY: the caller keeps the contract of `alloc`, and this passes it on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Allocations::record(1, layout.size() as i64);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Allocations::record(1, size as i64 - layout.size() as i64);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        Allocations::record(0, -(layout.size() as i64));
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

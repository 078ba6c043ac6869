//! The allocator, with a count of what is in use: `used_memory`.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicU64, Ordering};

use mimalloc::MiMalloc;

/// Bytes asked for and not given back.
///
/// Nearly all allocations are made by the one thread that owns the node. So the count is read and
/// written without a lock on the bus, which would cost as much as the allocation itself: of two
/// threads that allocate in the same nanosecond one may lose its addition.
static USED: AtomicU64 = AtomicU64::new(0);

/// mimalloc, counted.
#[derive(Debug, Clone, Copy)]
pub struct Counted;

/// Bytes in use.
pub(crate) fn used() -> u64 {
    // Less than nothing can only come of a lost addition.
    let used = USED.load(Ordering::Relaxed);
    if used > u64::MAX / 2 { 0 } else { used }
}

#[inline]
fn count(more: usize, less: usize) {
    let used = USED.load(Ordering::Relaxed);
    USED.store(used.wrapping_add(more as u64).wrapping_sub(less as u64), Ordering::Relaxed);
}

// SAFETY: every method hands its arguments to mimalloc and returns what that returns.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promises are those that mimalloc asks for.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: as above.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: as above.
        unsafe { MiMalloc.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: as above.
        unsafe { MiMalloc.realloc(place, layout, size) }
    }
}

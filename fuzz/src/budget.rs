//! The budget of memory: whatever keepers do, it is never overdrawn, nothing is refused that fits,
//! and everything comes back.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use mcp_tether::budget::{Budget, MESSAGE_OVERHEAD, MIB, Outgoing, Share};

const LIMIT: usize = 100 * MIB;
const KEEPERS: usize = 6;

static BUDGET: Budget = Budget::new(LIMIT);

/// Each three bytes are what one keeper does: who, what, and with how many bytes. A plain sum is
/// the model.
pub fn budget(input: &[u8]) {
    let mut shares: [Share; KEEPERS] = std::array::from_fn(|_| BUDGET.share());
    let mut sent: Vec<(Outgoing, usize)> = Vec::new();
    let half = BUDGET.per_message();
    for operation in input.chunks_exact(3) {
        let (who, bytes) = (usize::from(operation[0]) % KEEPERS, size(operation[2]));
        let outgoing: usize = sent.iter().map(|(_, bytes)| bytes).sum();
        let taken = outgoing + shares.iter().map(Share::bytes).sum::<usize>();
        let share = &mut shares[who];
        let before = share.bytes();
        match operation[1] % 6 {
            0 => assert_eq!(share.try_grow(bytes), taken + bytes <= half, "{taken} + {bytes}"),
            1 => {
                let wanted = (before + bytes).min(half);
                let is_there = grow(share, wanted);
                assert!(is_there || taken + (wanted - before) > half, "it waits although it fits");
                assert_eq!(share.bytes(), if is_there { wanted.max(before) } else { before });
            }
            2 => {
                share.shrink(bytes);
                assert_eq!(share.bytes(), before.saturating_sub(bytes));
            }
            3 => {
                let whole = share.take();
                assert_eq!((share.bytes(), whole.bytes()), (0, before));
            }
            4 if taken + bytes <= half => {
                sent.push((BUDGET.outgoing(bytes), bytes + MESSAGE_OVERHEAD));
            }
            _ => drop(sent.pop()),
        }
        let outgoing: usize = sent.iter().map(|(_, bytes)| bytes).sum();
        let taken = outgoing + shares.iter().map(Share::bytes).sum::<usize>();
        // One message may have the second half, and one that is sent is counted with its overhead.
        assert!(taken <= LIMIT + MESSAGE_OVERHEAD * sent.len(), "{taken} bytes of {LIMIT}");
        assert_eq!(BUDGET.refuses_host(), outgoing >= half);
        assert!(!BUDGET.has_room_for_host() || outgoing < half, "a reserve is left");
    }
    drop((shares, sent));
    let mut all = BUDGET.share();
    assert!(all.try_grow(half), "everything came back");
}

/// From one byte to more than half of the budget.
fn size(byte: u8) -> usize {
    match byte {
        0..=99 => usize::from(byte),
        100..=199 => usize::from(byte - 99) * 64 * 1024,
        200.. => usize::from(byte - 199) * MIB,
    }
}

/// Whether there is room at once; a share that would wait stays as it is.
fn grow(share: &mut Share, bytes: usize) -> bool {
    let mut growing = pin!(share.grow_to(bytes));
    growing.as_mut().poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
}

//! Random conversations between a host and a server of any era, over any transport, with a server
//! that misbehaves at random. A checker holds each line of the bridge against what a host is owed.
//!
//! `CHAOS_SECONDS` says how long, `CHAOS_SEED` where to begin, otherwise chance; a failure names
//! its seed.

mod checker;
mod draw;
mod mutations;
mod session;

use std::time::{Duration, Instant};

use rand::TryRngCore;
use rand::rngs::OsRng;

use self::mutations::Mutation;
use self::session::Session;

/// How long each test goes on without `CHAOS_SECONDS`.
const SECONDS: u64 = 4;
/// How many conversations may pass before a damaged bridge is caught.
const MOST_UNTIL_CAUGHT: u64 = 60;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Plays conversations until the time is over.
#[expect(clippy::print_stdout, reason = "a run that fails has to be repeated with its seed")]
async fn play(is_rough: bool) {
    let until = Instant::now() + Duration::from_secs(number("CHAOS_SECONDS").unwrap_or(SECONDS));
    let first = number("CHAOS_SEED").unwrap_or_else(|| u64::from(OsRng.try_next_u32().unwrap()));
    println!("CHAOS_SEED={first}");
    let mut seed = first;
    while Instant::now() < until {
        if let Err(violation) = Session::play(seed, is_rough, None).await {
            panic!("CHAOS_SEED={seed} CHAOS_SECONDS=1: {violation}");
        }
        seed += 1;
    }
    println!("{} conversations", seed - first);
}

/// T-17, T-23, T-36
#[tokio::test]
async fn odd_forms_of_right_answers_change_nothing() {
    play(false).await;
}

/// T-17, E-05
#[tokio::test]
async fn each_request_gets_exactly_one_answer_whatever_the_server_does() {
    play(true).await;
}

async fn is_caught(mutation: Mutation) {
    for seed in 1..=MOST_UNTIL_CAUGHT {
        if Session::play(seed, false, Some(mutation)).await.is_err() {
            return;
        }
    }
    panic!("{MOST_UNTIL_CAUGHT} conversations and nothing noticed");
}

#[tokio::test]
async fn a_bridge_that_drops_lines_is_caught() {
    is_caught(Mutation::Drop).await;
}

#[tokio::test]
async fn a_bridge_that_doubles_lines_is_caught() {
    is_caught(Mutation::Double).await;
}

#[tokio::test]
async fn a_bridge_that_swaps_lines_is_caught() {
    is_caught(Mutation::Swap).await;
}

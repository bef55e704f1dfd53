//! A network between a bridge and the remote: data arrives half a round trip later, and lost data
//! arrives, with everything behind it, after it was sent again.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

/// The size of the chunks in which data is delayed or lost, in bytes: about ten packets.
const CHUNK: usize = 14 * 1024;
/// The shortest pause before lost data is sent again: what Linux waits at least.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);

/// One kind of network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    pub(crate) round_trip: Duration,
    /// How many chunks of a hundred are lost.
    pub(crate) loss: u64,
}

/// The networks that are measured.
pub(crate) const NETWORKS: [Network; 4] = [
    Network { round_trip: Duration::from_millis(20), loss: 0 },
    Network { round_trip: Duration::from_millis(80), loss: 0 },
    Network { round_trip: Duration::from_millis(300), loss: 0 },
    Network { round_trip: Duration::from_millis(80), loss: 1 },
];

/// Passes connections on to `remote` over this network.
pub(super) async fn pass_on(listener: TcpListener, remote: SocketAddr, network: Network) {
    // A fixed seed: the same traffic loses the same chunks in every run.
    let dice = Rc::new(Cell::new(0x9e37_79b9_7f4a_7c15_u64));
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::task::spawn_local(connection(stream, remote, network, Rc::clone(&dice)));
    }
}

async fn connection(near: TcpStream, remote: SocketAddr, network: Network, dice: Rc<Cell<u64>>) {
    // The TCP handshake itself takes no time here.
    sleep(network.round_trip).await;
    let Ok(far) = TcpStream::connect(remote).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::task::spawn_local(direction(near_read, far_write, network, Rc::clone(&dice)));
    direction(far_read, near_write, network, dice).await;
}

async fn direction(from: OwnedReadHalf, to: OwnedWriteHalf, network: Network, dice: Rc<Cell<u64>>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::task::spawn_local(take_in(from, sender, network, dice));
    hand_out(receiver, to).await;
}

async fn take_in(
    mut from: OwnedReadHalf,
    way: mpsc::UnboundedSender<(Instant, Bytes)>,
    network: Network,
    dice: Rc<Cell<u64>>,
) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(length @ 1..) = from.read(&mut chunk).await {
        let mut travel = network.round_trip / 2;
        if next(&dice) % 100 < network.loss {
            travel += SHORTEST_PAUSE.max(network.round_trip * 2);
        }
        if way.send((Instant::now() + travel, Bytes::copy_from_slice(&chunk[..length]))).is_err() {
            return;
        }
    }
}

async fn hand_out(mut way: mpsc::UnboundedReceiver<(Instant, Bytes)>, mut to: OwnedWriteHalf) {
    while let Some((due, chunk)) = way.recv().await {
        sleep_until(due).await;
        if to.write_all(&chunk).await.is_err() {
            return;
        }
    }
}

/// Returns the next number of a xorshift generator.
fn next(dice: &Cell<u64>) -> u64 {
    let mut number = dice.get();
    number ^= number << 13;
    number ^= number >> 7;
    number ^= number << 17;
    dice.set(number);
    number
}

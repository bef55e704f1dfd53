//! The floor: the least a stdio to Streamable HTTP bridge can do over hyper and still pass traffic.
//!
//! Each stdin line becomes one POST with the bytes as they came, each JSON body or SSE event one
//! stdout line; nothing is parsed, checked, retried, timed out or cleaned up. It streams: a body is
//! on its way to stdout before its end has arrived. HTTP/1.1 only, plain to a literal address or
//! over TLS to this machine.

mod events;
mod output;
mod remote;
mod secure;

use std::io;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::runtime::LocalOptions;
use tokio::sync::Semaphore;

use output::Output;
use remote::Remote;

/// Calls on their way at one time; more lines wait in the pipe.
const IN_FLIGHT: usize = 256;
/// The size of one read: the capacity of a pipe.
const READ_SIZE: usize = 64 * 1024;
/// Lines up to this size are copied, so that the read buffer can be used again.
const SMALL_LINE: usize = 4096;

fn main() -> ExitCode {
    let Some(url) = std::env::args().nth(1) else {
        return failed("usage: floor http://ADDRESS:PORT/PATH, or https://localhost:PORT/PATH");
    };
    match run(&url) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error.to_string()),
    }
}

fn failed(message: &str) -> ExitCode {
    complain(message);
    ExitCode::FAILURE
}

/// One line on stderr; a closed stderr is harmless.
pub(crate) fn complain(message: &str) {
    let _ = io::Write::write_all(&mut io::stderr(), format!("floor: {message}\n").as_bytes());
}

fn run(url: &str) -> io::Result<()> {
    let remote = Rc::new(Remote::new(url)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build_local(LocalOptions::default())?;
    runtime.block_on(bridge(remote))
}

async fn bridge(remote: Rc<Remote>) -> io::Result<()> {
    let mut stdin = Receiver::from_owned_fd(io::stdin().as_fd().try_clone_to_owned()?)?;
    let stdout = Sender::from_owned_fd(io::stdout().as_fd().try_clone_to_owned()?)?;
    let output = Rc::new(Output::new());
    let writer = tokio::task::spawn_local(output::write(Rc::clone(&output), stdout));

    let places = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut buffer = BytesMut::with_capacity(READ_SIZE);
    let mut taken = 0;
    loop {
        while let Some(length) = memchr::memchr(b'\n', &buffer) {
            let line = next_line(&mut buffer, length);
            if line.is_empty() {
                continue;
            }
            taken += 1;
            // `initialize` and `notifications/initialized` come first and go one by one: every
            // later message must find the session open.
            if taken <= 2 {
                remote.call(line, &output).await;
                continue;
            }
            let place = Arc::clone(&places).acquire_owned().await.expect("it is never closed");
            let (remote, output) = (Rc::clone(&remote), Rc::clone(&output));
            tokio::task::spawn_local(async move {
                remote.call(line, &output).await;
                drop(place);
            });
        }
        if !read_more(&mut stdin, &mut buffer).await? {
            break;
        }
    }
    let _all = places.acquire_many(IN_FLIGHT as u32).await.expect("it is never closed");
    output.close();
    writer.await.map_err(io::Error::other)?
}

fn next_line(buffer: &mut BytesMut, length: usize) -> Bytes {
    let mut line = if length <= SMALL_LINE {
        let line = Bytes::copy_from_slice(&buffer[..length]);
        bytes::Buf::advance(buffer, length + 1);
        line
    } else {
        let line = buffer.split_to(length).freeze();
        bytes::Buf::advance(buffer, 1);
        line
    };
    if line.last() == Some(&b'\r') {
        line.truncate(length - 1);
    }
    line
}

/// Reads until the buffer has a line end or stdin ends; a long line is searched once, not per read.
async fn read_more(stdin: &mut Receiver, buffer: &mut BytesMut) -> io::Result<bool> {
    loop {
        if buffer.capacity() - buffer.len() < READ_SIZE / 2 {
            buffer.reserve(READ_SIZE.max(buffer.len()));
        }
        let before = buffer.len();
        if stdin.read_buf(buffer).await? == 0 {
            return Ok(false);
        }
        if memchr::memchr(b'\n', &buffer[before..]).is_some() {
            return Ok(true);
        }
    }
}

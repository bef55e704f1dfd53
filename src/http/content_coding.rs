//! Decodes content codings of responses (RFC 9110 §8.4): gzip with any number of members, Brotli,
//! deflate, and combinations of them. Decodes as bytes arrive, in steps of bounded size, because a
//! small body may expand to a very large one (S-12).

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes};
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use http::{HeaderMap, header};

/// The codings that requests accept.
pub(super) const ACCEPTED: &str = "gzip, br";

/// The most bytes that one step yields.
const STEP: usize = 32 * 1024;
/// How much a decoder reads ahead.
const READ_AHEAD: usize = 8 * 1024;

/// Decodes one body.
pub(super) struct Decoder {
    input: Input,
    reader: Box<dyn Read + Send + Sync>,
    is_started: bool,
}

/// The result of a decoding step.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decoded {
    Bytes(Bytes),
    /// More of the body is needed.
    Starved,
    End,
}

impl Decoder {
    /// The decoder for a body with these headers; `None` if it is not encoded.
    ///
    /// # Errors
    /// A coding is not supported; the error is its name.
    pub(super) fn for_headers(headers: &HeaderMap) -> Result<Option<Self>, String> {
        let mut codings = Vec::new();
        for value in headers.get_all(header::CONTENT_ENCODING) {
            let names = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
            let names = names.split(',').map(|name| name.trim().to_owned());
            codings.extend(names.filter(|name| is_coding(name)));
        }
        if codings.is_empty() {
            return Ok(None);
        }
        let input = Input::default();
        let mut reader: Box<dyn Read + Send + Sync> = Box::new(input.clone());
        // The last coding was applied last.
        for name in codings.iter().rev() {
            let buffered = BufReader::with_capacity(READ_AHEAD, reader);
            reader = match name.as_str() {
                "gzip" | "x-gzip" => Box::new(Members::new(buffered)),
                "br" => Box::new(brotli_decompressor::Decompressor::new(buffered, READ_AHEAD)),
                "deflate" => Box::new(Deflate::Unknown(buffered)),
                other => return Err(other.to_owned()),
            };
        }
        Ok(Some(Self { input, reader, is_started: false }))
    }

    /// Adds the next bytes of the body.
    pub(super) fn feed(&mut self, chunk: Bytes) {
        self.is_started |= !chunk.is_empty();
        self.input.with(|queue| queue.chunks.push_back(chunk));
    }

    /// Notes the end of the body.
    pub(super) fn finish(&mut self) {
        self.input.with(|queue| queue.is_ended = true);
    }

    /// Decodes a bounded part of the bytes that were fed.
    ///
    /// # Errors
    /// The body is not encoded as its coding says, or is truncated.
    pub(super) fn step(&mut self) -> io::Result<Decoded> {
        let is_ended = self.input.with(|queue| queue.is_ended);
        if !self.is_started {
            // An empty body need not be decoded.
            return Ok(if is_ended { Decoded::End } else { Decoded::Starved });
        }
        let mut out = vec![0; STEP];
        match self.reader.read(&mut out) {
            Ok(0) if is_ended => Ok(Decoded::End),
            // Bytes after the encoded body are ignored.
            Ok(0) => {
                self.input.with(|queue| queue.chunks.clear());
                Ok(Decoded::Starved)
            }
            Ok(length) => {
                out.truncate(length);
                out.shrink_to_fit();
                Ok(Decoded::Bytes(out.into()))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Decoded::Starved),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("is_started", &self.is_started).finish_non_exhaustive()
    }
}

/// Whether this is the name of a coding. Servers also put the character set there, or `none`; like
/// browsers, we ignore names that are not codings.
fn is_coding(name: &str) -> bool {
    const NAMES: [&str; 13] = [
        "gzip",
        "x-gzip",
        "br",
        "deflate",
        "compress",
        "x-compress",
        "zstd",
        "dcb",
        "dcz",
        "exi",
        "aes128gcm",
        "pack200-gzip",
        "snappy",
    ];
    NAMES.contains(&name)
}

/// The encoded bytes that have arrived but are still unread.
#[derive(Clone, Default)]
struct Input(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    chunks: VecDeque<Bytes>,
    is_ended: bool,
}

impl Input {
    fn with<T>(&self, work: impl FnOnce(&mut Queue) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Read for Input {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.with(|queue| {
            while let Some(chunk) = queue.chunks.front_mut() {
                let length = chunk.len().min(out.len());
                chunk.copy_to_slice(&mut out[..length]);
                if chunk.is_empty() {
                    queue.chunks.pop_front();
                }
                if length > 0 {
                    return Ok(length);
                }
            }
            if queue.is_ended { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) }
        })
    }
}

/// The members of a gzip body (RFC 1952 §2.2). Anything after the last one is padding.
enum Members<R> {
    Within(GzDecoder<R>),
    Between(R),
    Done,
}

impl<R: BufRead> Members<R> {
    fn new(reader: R) -> Self {
        Self::Within(GzDecoder::new(reader))
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(self, Self::Done) {
                Self::Within(mut member) => match member.read(out) {
                    Ok(0) => *self = Self::Between(member.into_inner()),
                    read => {
                        *self = Self::Within(member);
                        return read;
                    }
                },
                Self::Between(mut reader) => match reader.fill_buf() {
                    Ok([0x1f, ..]) => *self = Self::Within(GzDecoder::new(reader)),
                    Ok(_) => return Ok(0),
                    Err(error) => {
                        *self = Self::Between(reader);
                        return Err(error);
                    }
                },
                Self::Done => return Ok(0),
            }
        }
    }
}

/// `deflate` is zlib (RFC 9110 §8.4.1.2); some servers send it without zlib's header.
enum Deflate<R> {
    Unknown(R),
    Zlib(ZlibDecoder<R>),
    Raw(DeflateDecoder<R>),
    Failed,
}

impl<R: BufRead> Read for Deflate<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match self {
                Self::Unknown(reader) => {
                    let is_zlib = reader.fill_buf()?.first().is_some_and(|byte| byte & 0x8f == 8);
                    let Self::Unknown(reader) = std::mem::replace(self, Self::Failed) else {
                        continue;
                    };
                    *self = if is_zlib {
                        Self::Zlib(ZlibDecoder::new(reader))
                    } else {
                        Self::Raw(DeflateDecoder::new(reader))
                    };
                }
                Self::Zlib(decoder) => return decoder.read(out),
                Self::Raw(decoder) => return decoder.read(out),
                Self::Failed => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(coding: &str, body: &[u8], size: usize) -> io::Result<Vec<u8>> {
        let mut headers = HeaderMap::new();
        for line in coding.split('/') {
            headers.append(header::CONTENT_ENCODING, line.parse().unwrap());
        }
        let mut decoder = Decoder::for_headers(&headers).unwrap().unwrap();
        let mut out = Vec::new();
        let mut take = |decoder: &mut Decoder| -> io::Result<bool> {
            loop {
                match decoder.step()? {
                    Decoded::Bytes(bytes) => out.extend_from_slice(&bytes),
                    Decoded::Starved => return Ok(false),
                    Decoded::End => return Ok(true),
                }
            }
        };
        for chunk in body.chunks(size) {
            decoder.feed(Bytes::copy_from_slice(chunk));
            take(&mut decoder)?;
        }
        decoder.finish();
        assert!(take(&mut decoder)?, "the end is seen");
        Ok(out)
    }

    #[test]
    fn every_spelling_and_member_structure_is_decoded() {
        let text = b"one answer, ".repeat(300);
        let twice = [gzip(&text), gzip(b""), gzip(b"and more")].concat();
        let padded = [gzip(b"x"), vec![0; 512]].concat();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&text).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(&text).unwrap();
        let (zlib, raw) = (zlib.finish().unwrap(), raw.finish().unwrap());
        for size in [1, 7, 4096] {
            for coding in ["gzip", "GZip", "x-gzip", " gzip , identity", "identity/gzip", ",gzip"] {
                assert_eq!(decode(coding, &gzip(&text), size).unwrap(), text, "{coding}");
            }
            assert_eq!(decode("gzip", &twice, size).unwrap(), [&text[..], b"and more"].concat());
            assert_eq!(decode("gzip", &padded, size).unwrap(), b"x");
            assert_eq!(decode("gzip, gzip", &gzip(&gzip(&text)), size).unwrap(), text);
            assert_eq!(decode("deflate", &zlib, size).unwrap(), text);
            assert_eq!(decode("deflate", &raw, size).unwrap(), text);
            assert_eq!(decode("gzip", b"", size).unwrap(), b"");
        }
        // `printf hello | brotli`
        let hello = b"\x0b\x02\x80hello\x03";
        assert_eq!(decode("br", hello, 1).unwrap(), b"hello");
    }

    #[test]
    fn what_breaks_off_or_is_unknown_is_an_error() {
        let whole = gzip(b"an answer");
        assert!(decode("gzip", &whole[..whole.len() - 9], 4).is_err());
        assert!(decode("gzip", b"not gzip at all", 4).is_err());
        let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, "zstd".parse().unwrap())]);
        assert_eq!(Decoder::for_headers(&headers).unwrap_err(), "zstd");
        assert!(Decoder::for_headers(&HeaderMap::new()).unwrap().is_none());
    }

    /// S-12
    #[test]
    fn one_step_yields_little_of_a_small_body_that_stands_for_much() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        let mut decoder = Decoder::for_headers(&headers).unwrap().unwrap();
        decoder.feed(gzip(&vec![0; 10 << 20]).into());
        match decoder.step().unwrap() {
            Decoded::Bytes(bytes) => assert!(bytes.len() <= STEP),
            other => panic!("{other:?}"),
        }
    }
}

//! What the server's certificate says: who issued it, which tells a company's inspection from the
//! real server, and when it ends. Whether it may be trusted was decided by the connection that
//! brought it; here it is only read, as far as these two answers need (RFC 5280 §4.1).

use super::check::Check;
use crate::redact::plain;

/// It ends so soon that somebody should have renewed it.
const SOON: u64 = 14 * 86_400;

/// `commonName` and `organizationName` (RFC 5280 appendix A).
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const EXPLICIT_VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Who vouches for the server, and for how long.
pub fn check(certificate: &[u8], now: u64) -> Check {
    let Some(Read { issuer, ends }) = read(certificate) else {
        return Check::ok("certificate", "trusted");
    };
    let says = format!("trusted, issued by `{}`", plain(&issuer));
    let left = ends.saturating_sub(now);
    let days = left / 86_400;
    let says = format!("{says}, ends in {days} days");
    match left < SOON {
        true => Check::warn("certificate", says).next("tell the server's operator to renew it"),
        false => Check::ok("certificate", says),
    }
}

/// Whose certificate was refused: a company that looks into all connections, or one that has ended.
pub fn refused(certificate: &[u8], now: u64) -> Option<Check> {
    let Read { issuer, ends } = read(certificate)?;
    let issuer = plain(&issuer);
    if ends <= now {
        let days = (now - ends) / 86_400;
        let says = format!("issued by `{issuer}`, has ended {days} days ago");
        let next = "tell the server's operator to renew it, or set this machine's clock";
        return Some(Check::fail("certificate", says).next(next));
    }
    let says = format!("issued by `{issuer}`, which is not trusted here");
    Some(Check::fail("certificate", says).next(format!(
        "if `{issuer}` is your company's, name a file with its certificate: `--ca-cert FILE`"
    )))
}

#[derive(Debug, PartialEq, Eq)]
struct Read {
    issuer: String,
    /// In seconds since 1970.
    ends: u64,
}

fn read(certificate: &[u8]) -> Option<Read> {
    let (_, outer, _) = element(certificate)?;
    let (_, mut fields, _) = element(outer)?;
    if fields.first() == Some(&EXPLICIT_VERSION) {
        fields = element(fields)?.2;
    }
    // Serial number and signature algorithm stand before the issuer.
    let (_, _, fields) = element(fields)?;
    let (_, _, fields) = element(fields)?;
    let (_, issuer, fields) = element(fields)?;
    let (tag, validity, _) = element(fields)?;
    let (_, _, not_after) = element(validity).filter(|_| tag == SEQUENCE)?;
    let (kind, text, _) = element(not_after)?;
    let issuer = name(issuer, COMMON_NAME).or_else(|| name(issuer, ORGANIZATION))?;
    Some(Read { issuer, ends: seconds(kind, std::str::from_utf8(text).ok()?)? })
}

/// The first element: its tag, its content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..0x80 => (usize::from(short), rest),
        long => {
            let count = usize::from(long & 0x7f);
            let digits = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
            let length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
            (length, &rest[count..])
        }
    };
    Some((*tag, rest.get(..length)?, rest.get(length..)?))
}

/// The value of this attribute in a distinguished name.
fn name(mut sets: &[u8], wanted: &[u8]) -> Option<String> {
    while let Some((_, set, rest)) = element(sets) {
        sets = rest;
        let (_, attribute, _) = element(set)?;
        let (tag, kind, value) = element(attribute)?;
        if tag == OBJECT_IDENTIFIER && kind == wanted {
            let (_, text, _) = element(value)?;
            return Some(String::from_utf8_lossy(text).into_owned());
        }
    }
    None
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` (RFC 5280 §4.1.2.5).
fn seconds(kind: u8, text: &str) -> Option<u64> {
    let digits = text.strip_suffix('Z').filter(|digits| digits.is_ascii())?;
    let (year, rest) = match kind {
        UTC_TIME => {
            let year: u64 = digits.get(..2)?.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, digits.get(2..)?)
        }
        GENERALIZED_TIME => (digits.get(..4)?.parse().ok()?, digits.get(4..)?),
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<u64>().ok();
    let (month, day) = (part(0)?, part(2)?);
    let of_day = part(4)? * 3_600 + part(6)? * 60 + part(8)?;
    Some(days_since_1970(year, month, day)? * 86_400 + of_day)
}

/// Counted from March, so that the leap day is the last of its year.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let month = month.checked_sub(1).filter(|month| *month < 12)?;
    let (year, month) =
        if month < 2 { (year.checked_sub(1)?, month + 10) } else { (year, month - 2) };
    let before = year * 365 + year / 4 - year / 100 + year / 400;
    let days = before + (month * 153 + 2) / 5 + day.checked_sub(1)?;
    days.checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate() -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["host.example".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "Inspecting Proxy");
        params.not_after = rcgen::date_time_ymd(2030, 2, 28);
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn issuer_and_end_are_read_and_a_near_end_is_a_warning() {
        let ends = 1_898_467_200;
        let read = read(&certificate()).unwrap();
        assert_eq!(read, Read { issuer: "Inspecting Proxy".to_owned(), ends });
        let says = |now| {
            let check = check(&certificate(), now);
            format!("{}: {}", check.verdict.word(), check.says)
        };
        assert_eq!(
            says(ends - 20 * 86_400),
            "ok: trusted, issued by `Inspecting Proxy`, ends in 20 days"
        );
        assert!(says(ends - 86_400).starts_with("warn: "));
    }

    #[test]
    fn a_refused_certificate_is_one_that_ended_or_of_an_unknown_issuer() {
        let ends = 1_898_467_200;
        let says = |now| refused(&certificate(), now).unwrap().says;
        assert_eq!(says(ends - 1), "issued by `Inspecting Proxy`, which is not trusted here");
        assert_eq!(says(ends + 86_400), "issued by `Inspecting Proxy`, has ended 1 days ago");
        assert!(refused(b"nothing", 0).is_none());
    }

    #[test]
    fn what_is_no_certificate_is_read_without_harm() {
        let whole = certificate();
        for length in 0..whole.len() {
            read(&whole[..length]);
        }
        assert_eq!(read(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(check(b"nothing", 0).says, "trusted");
    }
}

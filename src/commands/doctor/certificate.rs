//! Reads the issuer and the expiry date of the server's certificates (RFC 5280 section 4.1). The
//! issuer reveals whether a company inspects the connection. Does not decide whether a certificate
//! is trusted: the connection that received it has done so.

use super::check::Check;
use crate::redact::plain;

/// A certificate that expires within this many seconds should have been renewed.
const EXPIRES_SOON: u64 = 14 * 86_400;

/// `commonName` and `organizationName` (RFC 5280 appendix A).
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const EXPLICIT_VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Checks a trusted chain, which starts with the server's own certificate.
pub(super) fn check(chain: &[Vec<u8>], now: u64) -> Check {
    let all: Vec<Certificate> = chain.iter().filter_map(|one| read(one)).collect();
    let Some((own, others)) = all.split_first() else {
        return Check::ok("certificate", "trusted");
    };
    let days = own.seconds_left(now) / 86_400;
    let says = format!("trusted, issued by `{}`, expires in {days} days", own.issuer());
    if own.seconds_left(now) < EXPIRES_SOON {
        return Check::warn("certificate", says).next("tell the server's operator to renew it");
    }
    match others.iter().find(|one| one.seconds_left(now) < EXPIRES_SOON) {
        Some(other) => {
            let says = format!("{says}; that of its issuer `{}` expires sooner", other.subject());
            Check::warn("certificate", says).next("tell the server's operator to replace it")
        }
        None => Check::ok("certificate", says),
    }
}

/// Explains why a chain was refused: a certificate has expired, one is missing, or a company inspects
/// all connections.
pub(super) fn check_refused(chain: &[Vec<u8>], now: u64) -> Option<Check> {
    let all: Vec<Certificate> = chain.iter().filter_map(|one| read(one)).collect();
    let (own, last) = (all.first()?, all.last()?);
    if let Some(expired) = all.iter().find(|one| one.expires <= now) {
        let days = (now - expired.expires) / 86_400;
        let says = format!(
            "the certificate of `{}`, issued by `{}`, expired {days} days ago",
            expired.subject(),
            expired.issuer()
        );
        let next = "tell the server's operator to renew it, or set this machine's clock";
        return Some(Check::fail("certificate", says).next(next));
    }
    let issuer = last.issuer();
    let says = format!("issued by `{}`, which is not trusted here", own.issuer());
    let company =
        format!("if `{issuer}` belongs to your company, pass its certificate: `--ca-cert FILE`");
    Some(match all.as_slice() {
        [alone] if alone.issuer != alone.subject => {
            let says = format!("{says}; the server sends no certificate of `{issuer}`");
            let operator = "otherwise tell the server's operator to send the whole chain";
            Check::fail("certificate", says).next(format!("{company}; {operator}"))
        }
        _ => Check::fail("certificate", says).next(company),
    })
}

#[derive(Debug, PartialEq, Eq)]
struct Certificate {
    issuer: String,
    subject: String,
    /// In seconds since 1970.
    expires: u64,
}

impl Certificate {
    fn seconds_left(&self, now: u64) -> u64 {
        self.expires.saturating_sub(now)
    }

    fn issuer(&self) -> String {
        plain(&self.issuer)
    }

    fn subject(&self) -> String {
        plain(&self.subject)
    }
}

fn read(certificate: &[u8]) -> Option<Certificate> {
    let (_, outer, _) = element(certificate)?;
    let (_, mut fields, _) = element(outer)?;
    if fields.first() == Some(&EXPLICIT_VERSION) {
        fields = element(fields)?.2;
    }
    // Serial number and signature algorithm come before the issuer.
    let (_, _, fields) = element(fields)?;
    let (_, _, fields) = element(fields)?;
    let (_, issuer, fields) = element(fields)?;
    let (tag, validity, fields) = element(fields)?;
    let (_, subject, _) = element(fields)?;
    let (_, _, not_after) = element(validity).filter(|_| tag == SEQUENCE)?;
    let (kind, text, _) = element(not_after)?;
    let named = |name_of| name(name_of, COMMON_NAME).or_else(|| name(name_of, ORGANIZATION));
    // A server may have its names elsewhere (RFC 5280 section 4.2.1.6); an issuer has one here.
    let subject = named(subject).unwrap_or_default();
    Some(Certificate {
        issuer: named(issuer)?,
        subject,
        expires: seconds(kind, std::str::from_utf8(text).ok()?)?,
    })
}

/// The tag and content of the first element, and the bytes after it.
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

/// Parses `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` (RFC 5280 section 4.1.2.5).
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

/// Counts years from March, so that the leap day is the last day of a year.
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

    fn of(issuer: &str, subject: &str, year: i32) -> Vec<u8> {
        let named = |name: &str| {
            let mut params =
                rcgen::CertificateParams::new(vec!["host.example".to_owned()]).unwrap();
            params.distinguished_name.push(rcgen::DnType::CommonName, name);
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            params.not_after = rcgen::date_time_ymd(year, 2, 28);
            params
        };
        let key = rcgen::KeyPair::generate().unwrap();
        let issuer = rcgen::CertifiedIssuer::self_signed(named(issuer), key).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        named(subject).signed_by(&key, &issuer).unwrap().der().to_vec()
    }

    const DAY: u64 = 86_400;
    /// The 28th of February 2030.
    const ENDS: u64 = 1_898_467_200;

    fn says(check: &Check) -> String {
        format!("{}: {}", check.verdict.word(), check.says)
    }

    #[test]
    fn issuer_and_end_are_read_and_a_near_end_is_a_warning() {
        let own = of("Root", "Host", 2030);
        let known =
            Certificate { issuer: "Root".to_owned(), subject: "Host".to_owned(), expires: ENDS };
        assert_eq!(read(&own).unwrap(), known);
        let told = says(&check(std::slice::from_ref(&own), ENDS - 20 * DAY));
        assert_eq!(told, "ok: trusted, issued by `Root`, expires in 20 days");
        assert!(says(&check(&[own], ENDS - DAY)).starts_with("warn: "));
        let chain = [of("Middle", "Host", 2031), of("Root", "Middle", 2030)];
        let told = says(&check(&chain, ENDS - DAY));
        assert!(told.ends_with("; that of its issuer `Middle` expires sooner"), "{told}");
    }

    #[test]
    fn a_refused_chain_has_expired_is_incomplete_or_has_an_unknown_issuer() {
        let own = of("Middle", "Host", 2031);
        let told = |chain: &[Vec<u8>]| says(&check_refused(chain, ENDS + DAY).unwrap());
        assert_eq!(
            told(&[own.clone(), of("Root", "Middle", 2030)]),
            "fail: the certificate of `Middle`, issued by `Root`, expired 1 days ago"
        );
        assert_eq!(
            told(std::slice::from_ref(&own)),
            "fail: issued by `Middle`, which is not trusted here; the server sends no certificate of \
             `Middle`"
        );
        assert_eq!(
            told(&[own, of("Root", "Middle", 2031)]),
            "fail: issued by `Middle`, which is not trusted here"
        );
        assert!(check_refused(&[], 0).is_none());
    }

    #[test]
    fn what_is_no_certificate_is_read_without_harm() {
        let whole = of("Root", "Host", 2030);
        for length in 0..whole.len() {
            read(&whole[..length]);
        }
        assert_eq!(read(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(check(&[b"nothing".to_vec()], 0).says, "trusted");
    }
}

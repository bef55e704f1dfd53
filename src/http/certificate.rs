//! Reads the parts of certificates that messages and checks need: names and validity (RFC 5280
//! §4.1). Establishes no trust.

use crate::redact::plain;

/// The identifiers of `commonName` and `organizationName` (RFC 5280 appendix A).
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const EXPLICIT_VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The extension that holds the names of a server (RFC 5280 §4.2.1.6).
const ALTERNATIVE_NAMES: &[u8] = &[OBJECT_IDENTIFIER, 3, 0x55, 0x1d, 0x11];

/// Issuer, subject and validity of a certificate.
#[derive(Debug, PartialEq, Eq)]
pub struct Certificate {
    issuer: String,
    subject: String,
    /// When it becomes valid, in seconds since 1970.
    pub valid_from: u64,
    /// When it expires, in seconds since 1970.
    pub expires: u64,
}

impl Certificate {
    /// Reads a certificate in DER; `None` if it is not one.
    pub fn read(der: &[u8]) -> Option<Self> {
        read(der)
    }

    /// Whether its common name matches this host; only without alternative names, as in curl and
    /// Node.
    pub(super) fn is_for_common_name(&self, der: &[u8], host: &str) -> bool {
        let has_names = memchr::memmem::find(der, ALTERNATIVE_NAMES).is_some();
        !has_names && !host.is_empty() && self.subject.eq_ignore_ascii_case(host)
    }

    /// How many seconds after `now` it expires.
    pub fn seconds_left(&self, now: u64) -> u64 {
        self.expires.saturating_sub(now)
    }

    /// The name of its issuer, safe to show; empty if it has none.
    pub fn issuer(&self) -> String {
        plain(&self.issuer)
    }

    /// The name of its subject, safe to show; empty if it has none.
    pub fn subject(&self) -> String {
        plain(&self.subject)
    }
}

fn read(der: &[u8]) -> Option<Certificate> {
    let (_, outer, _) = element(der)?;
    let (_, mut fields, _) = element(outer)?;
    if fields.first() == Some(&EXPLICIT_VERSION) {
        fields = element(fields)?.2;
    }
    // Serial number and signature algorithm precede the issuer.
    let (_, _, fields) = element(fields)?;
    let (_, _, fields) = element(fields)?;
    let (_, issuer, fields) = element(fields)?;
    let (tag, validity, fields) = element(fields)?;
    let (_, subject, _) = element(fields)?;
    let (begins_kind, begins, not_after) = element(validity).filter(|_| tag == SEQUENCE)?;
    let (ends_kind, ends, _) = element(not_after)?;
    let time = |kind, text| seconds(kind, std::str::from_utf8(text).ok()?);
    let named = |name_of| name(name_of, COMMON_NAME).or_else(|| name(name_of, ORGANIZATION));
    // The subject may be empty, with the names in an extension (RFC 5280 §4.2.1.6).
    Some(Certificate {
        issuer: named(issuer).unwrap_or_default(),
        subject: named(subject).unwrap_or_default(),
        valid_from: time(begins_kind, begins)?,
        expires: time(ends_kind, ends)?,
    })
}

/// Splits off the first element: its tag, its content, and the rest.
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

/// Reads `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` (RFC 5280 §4.1.2.5).
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

/// The days from 1970 to a date. Years are counted from March, so that the leap day is the last
/// day.
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

    #[test]
    fn names_and_validity_are_read() {
        let mut params = rcgen::CertificateParams::new(vec!["host.example".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, "Host");
        params.not_before = rcgen::date_time_ymd(1999, 12, 31);
        params.not_after = rcgen::date_time_ymd(2050, 2, 28);
        let der = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        let read = Certificate::read(der.der()).unwrap();
        assert!(!read.is_for_common_name(der.der(), "host"), "it has alternative names");
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "Host");
        let alone = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        let named = Certificate::read(alone.der()).unwrap();
        assert!(named.is_for_common_name(alone.der(), "host"));
        assert!(!named.is_for_common_name(alone.der(), "other"));
        assert_eq!((read.issuer(), read.subject()), ("Host".to_owned(), "Host".to_owned()));
        assert_eq!((read.valid_from, read.expires), (946_598_400, 2_529_619_200));
    }
}

//! Checks the issuer and the expiry date of the server's certificates. The issuer reveals whether a
//! company inspects the connection. Does not decide whether a certificate is trusted: the
//! connection that received it has done so.

use super::check::Check;
use crate::commands::readable::counted;
use crate::http::Certificate;

/// A certificate that expires within this many seconds should have been renewed.
const EXPIRES_SOON: u64 = 14 * 86_400;

/// Checks a trusted chain, which starts with the server's own certificate.
pub(super) fn check(chain: &[Vec<u8>], now: u64) -> Check {
    let all = read_all(chain);
    let Some((own, others)) = all.split_first() else {
        return Check::ok("certificate", "trusted");
    };
    let days = counted(own.seconds_left(now) / 86_400, "day");
    let says = format!("trusted, issued by `{}`, expires in {days}", own.issuer());
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

/// Explains why a chain was refused: a certificate has expired, one is missing, or a company
/// inspects all connections.
pub(super) fn check_refused(chain: &[Vec<u8>], now: u64) -> Option<Check> {
    let all = read_all(chain);
    let (own, last) = (all.first()?, all.last()?);
    if let Some(expired) = all.iter().find(|one| one.expires <= now) {
        let days = counted((now - expired.expires) / 86_400, "day");
        let says = format!(
            "the certificate of `{}`, issued by `{}`, expired {days} ago",
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
        [alone] if alone.issuer() != alone.subject() => {
            let says = format!("{says}; the server sends no certificate of `{issuer}`");
            let operator = "otherwise tell the server's operator to send the whole chain";
            Check::fail("certificate", says).next(format!("{company}; {operator}"))
        }
        _ => Check::fail("certificate", says).next(company),
    })
}

/// The certificates that can be read and name their issuer.
fn read_all(chain: &[Vec<u8>]) -> Vec<Certificate> {
    let read = chain.iter().filter_map(|one| Certificate::read(one));
    read.filter(|one| !one.issuer().is_empty()).collect()
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
        let text = says(&check(std::slice::from_ref(&own), ENDS - 20 * DAY));
        assert_eq!(text, "ok: trusted, issued by `Root`, expires in 20 days");
        assert!(says(&check(&[own], ENDS - DAY)).starts_with("warn: "));
        let chain = [of("Middle", "Host", 2031), of("Root", "Middle", 2030)];
        let text = says(&check(&chain, ENDS - DAY));
        assert!(text.ends_with("; that of its issuer `Middle` expires sooner"), "{text}");
    }

    #[test]
    fn a_refused_chain_has_expired_is_incomplete_or_has_an_unknown_issuer() {
        let own = of("Middle", "Host", 2031);
        let verdict = |chain: &[Vec<u8>]| says(&check_refused(chain, ENDS + DAY).unwrap());
        assert_eq!(
            verdict(&[own.clone(), of("Root", "Middle", 2030)]),
            "fail: the certificate of `Middle`, issued by `Root`, expired 1 day ago"
        );
        assert_eq!(
            verdict(std::slice::from_ref(&own)),
            "fail: issued by `Middle`, which is not trusted here; the server sends no certificate \
             of `Middle`"
        );
        assert_eq!(
            verdict(&[own, of("Root", "Middle", 2031)]),
            "fail: issued by `Middle`, which is not trusted here"
        );
        assert!(check_refused(&[], 0).is_none());
    }

    #[test]
    fn what_is_no_certificate_is_read_without_harm() {
        let whole = of("Root", "Host", 2030);
        for length in 0..whole.len() {
            Certificate::read(&whole[..length]);
        }
        assert_eq!(Certificate::read(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(check(&[b"nothing".to_vec()], 0).says, "trusted");
    }
}

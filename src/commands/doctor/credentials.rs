//! Runs the commands that provide credentials, so that later checks have them.

use std::time::{Duration, Instant};

use super::check::Check;
use crate::error::Failure;
use crate::remote::RemoteOptions;

/// Checks each command; those that work add their header to the user's own.
pub(super) async fn checks(remote: &mut RemoteOptions) -> Vec<Check> {
    let mut checks = Vec::new();
    let started = Instant::now();
    match remote.authorizer.token_of_command().await {
        Ok(None) => {}
        Ok(Some((header, kept))) => {
            remote.headers.push((http::header::AUTHORIZATION, header));
            checks.push(check("`--token-command`", Ok(kept)).took(started.elapsed()));
        }
        Err(failure) => checks.push(Check::failure("command", &failure).took(started.elapsed())),
    }
    let started = Instant::now();
    let headers = remote.header_commands.check().await;
    for (setting, outcome) in headers {
        checks.push(check(&setting, outcome).took(started.elapsed()));
    }
    let mut printed = http::HeaderMap::new();
    if remote.header_commands.add_to(&mut printed).await.is_ok() {
        let named = printed.into_iter().filter_map(|(name, value)| Some((name?, value)));
        remote.headers.extend(named);
    }
    checks
}

fn check(setting: &str, outcome: Result<Option<Duration>, Failure>) -> Check {
    match outcome {
        Ok(kept) => {
            let seconds = kept.map_or(0, |kept| kept.as_secs());
            let kept = match seconds {
                0 => "run for every request".to_owned(),
                1..=119 => format!("kept for {seconds} s"),
                _ => format!("kept for {} min", seconds / 60),
            };
            Check::ok("command", format!("{setting} prints a value, {kept}"))
        }
        Err(failure) => Check::failure("command", &failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::check::CheckVerdict;
    use crate::error::FailureKind;

    #[test]
    fn how_long_a_value_is_kept_is_said_in_a_fitting_unit() {
        for (seconds, words) in [
            (None, "run for every request"),
            (Some(0), "run for every request"),
            (Some(1), "kept for 1 s"),
            (Some(119), "kept for 119 s"),
            (Some(120), "kept for 2 min"),
            (Some(3599), "kept for 59 min"),
        ] {
            let check = check("`--token-command`", Ok(seconds.map(Duration::from_secs)));
            assert_eq!(check.says, format!("`--token-command` prints a value, {words}"));
        }
        let failure = Failure::new(FailureKind::AuthFailed, "it prints nothing").hint("run it");
        let check = check("`--token-command`", Err(failure));
        assert_eq!((check.verdict, check.says.as_str()), (CheckVerdict::Fail, "it prints nothing"));
        assert_eq!(check.next.as_deref(), Some("run it"));
    }
}

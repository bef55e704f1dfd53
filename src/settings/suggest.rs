//! Suggests the word that was probably meant by a mistyped one.

use strsim::damerau_levenshtein;

/// The candidate that is most similar to `word`, if one is similar enough to suggest.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = normal(word);
    candidates
        .map(|candidate| (damerau_levenshtein(&word, &normal(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn normal(word: &str) -> String {
    word.trim_start_matches('-').to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_word_and_nonsense_finds_none() {
        let words = ["header", "header-file", "connect-timeout"];
        let nearest = |word| nearest(word, words.into_iter());
        assert_eq!(nearest("heder"), Some("header"));
        assert_eq!(nearest("connect_timeout"), Some("connect-timeout"));
        assert_eq!(nearest("--headers"), Some("header"));
        assert_eq!(nearest("haeder"), Some("header"));
        assert_eq!(nearest("colour"), None);
    }
}

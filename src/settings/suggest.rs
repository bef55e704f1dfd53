//! Finds the word that somebody probably meant.

/// The candidate nearest to `word`, when it is near enough to be worth mentioning.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = normal(word);
    candidates
        .map(|candidate| (distance(&word, &normal(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn normal(word: &str) -> String {
    word.trim_start_matches('-').to_lowercase().replace('_', "-")
}

/// How many characters must be put in, taken out or replaced (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_edits() {
        for (a, b, expected) in [("", "", 0), ("abc", "abc", 0), ("kitten", "sitting", 3)] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn a_typo_finds_its_word_and_nonsense_finds_none() {
        let words = ["header", "header-file", "connect-timeout"];
        let nearest = |word| nearest(word, words.into_iter());
        assert_eq!(nearest("heder"), Some("header"));
        assert_eq!(nearest("connect_timeout"), Some("connect-timeout"));
        assert_eq!(nearest("--headers"), Some("header"));
        assert_eq!(nearest("colour"), None);
    }
}

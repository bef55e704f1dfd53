//! Scores how well a tool fits a caller's intent in plain words: stop words do not count, endings
//! and single typos are ignored.

use super::entry::Entry;

/// Words that carry no meaning for the search.
const STOP_WORDS: &[&str] = &[
    "a", "all", "an", "and", "any", "are", "by", "can", "did", "do", "for", "from", "give", "has",
    "have", "how", "i", "in", "into", "is", "it", "its", "last", "many", "me", "my", "of", "on",
    "one", "or", "our", "please", "show", "that", "the", "their", "them", "this", "to", "use",
    "want", "was", "we", "were", "what", "which", "who", "whom", "with", "you", "your",
];

/// The words of a caller's intent.
pub(super) struct Intent(Vec<String>);

impl Intent {
    pub(super) fn of(text: &str) -> Self {
        Self(words(text).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a score for the words that match the tool; matches of its name count most.
    pub(super) fn fit(&self, entry: &Entry) -> usize {
        let knows = |text: &str, wanted: &String| words(text).any(|word| alike(&word, wanted));
        let name = entry.name.replace('_', " ");
        let guide = format!("{}. {}", entry.about, entry.when_to_use);
        let points = |wanted: &String| {
            usize::from(knows(&name, wanted)) * 3 + usize::from(knows(&guide, wanted))
        };
        self.0.iter().map(points).sum()
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    parts
        .filter(|word| word.len() > 1 && !STOP_WORDS.contains(&word.as_str()))
        .map(|word| stem(&word))
}

/// Returns a word without its ending.
fn stem(word: &str) -> String {
    let endings = ["ations", "ation", "ing", "ies", "ed", "es", "s", "y", "e"];
    let stems = endings.iter().filter_map(|ending| word.strip_suffix(ending));
    stems
        .filter(|stem| stem.chars().count() > 3)
        .max_by_key(|stem| word.len() - stem.len())
        .map_or(word.to_owned(), str::to_owned)
}

/// Returns whether two words are equal, or long enough to be the same with one typo.
fn alike(left: &str, right: &str) -> bool {
    left == right || (left.len().min(right.len()) > 4 && is_one_typo(left, right))
}

/// Returns whether one letter was changed, added or left out.
fn is_one_typo(left: &str, right: &str) -> bool {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let same = left.iter().zip(&right).take_while(|(l, r)| l == r).count();
    let (left, right) = (&left[same..], &right[same..]);
    match left.len().abs_diff(right.len()) {
        0 => left.len() < 2 || left[1..] == right[1..],
        1 if left.len() > right.len() => left[1..] == *right,
        1 => *left == right[1..],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_typos_and_stop_words_are_ignored() {
        let stems = |text: &str| words(text).collect::<Vec<_>>();
        assert_eq!(stems("the refunded orders of my customers"), ["refund", "order", "customer"]);
        assert!(alike(&stem("custmer"), &stem("customers")));
        assert!(alike(&stem("merging"), &stem("merged")));
        assert!(!alike("send", "sent") && !alike("order", "offer"));
        assert!(Intent::of("what is it").is_empty());
    }
}

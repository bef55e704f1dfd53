//! One page of a list. The names of page and size, and the JSON around the entries, are up to the
//! product.

/// The entries of a page, and its position in the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListPage<'a, T> {
    pub(crate) items: &'a [T],
    /// Which page, from 1.
    pub(crate) number: usize,
    /// Entries of a full page.
    pub(crate) size: usize,
    /// Entries of all pages.
    pub(crate) total: usize,
    end: usize,
}

impl<'a, T> ListPage<'a, T> {
    /// Returns page `number` of `all`; a page beyond the end is empty.
    pub(crate) fn of(all: &'a [T], number: i64, size: i64) -> Self {
        let whole = |number| usize::try_from(number).unwrap_or(1).max(1);
        let (number, size) = (whole(number), whole(size));
        let start = all.len().min((number - 1).saturating_mul(size));
        let end = all.len().min(start.saturating_add(size));
        Self { items: &all[start..end], number, size, total: all.len(), end }
    }

    /// Returns the same page with other items instead of its own.
    pub(crate) fn showing<'b, U>(&self, items: &'b [U]) -> ListPage<'b, U> {
        let Self { number, size, total, end, .. } = *self;
        ListPage { items, number, size, total, end }
    }

    /// Returns whether anything comes after this page.
    pub(crate) fn has_more(&self) -> bool {
        self.end < self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_beyond_the_end_is_empty() {
        let all = [1, 2, 3];
        let last = ListPage::of(&all, 2, 2);
        assert_eq!((last.items, last.has_more()), (&[3][..], false));
        assert!(ListPage::of(&all, 1, 2).has_more());
        let beyond = ListPage::of(&all, i64::MAX, i64::MAX);
        assert!(beyond.items.is_empty() && !beyond.has_more());
        assert_eq!(ListPage::of(&all, 0, 0).number, 1);
    }
}

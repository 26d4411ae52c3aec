//! How the dashboard's lists are read: a page in either direction from a place, and how many rows there are. Not here: which filters a list
//! has (list_filters.rs), the index of texts (search_index.rs).
//!
//! Invariant: no page looks at more than a fixed number of rows, however many there are and however few fit: it may be short, and then
//! says where to go on; and a count may be "so many, or more".

use super::driver::Value;
use super::list_filters::ListSource;
use super::list_page::{ListCount, ListOrder, ListPage, ListPlace, ListWindow, MOST_COUNTED};
use super::list_sql::ListSql;
use super::postings::{Candidates, Wanted};
use super::{Failure, Store};
use std::ops::RangeInclusive;

/// Rows that may match a text and are looked at for one page, or one count.
const MOST_CANDIDATES: usize = 20_000;
const FIRST_CHUNK: usize = 256;
const LARGEST_CHUNK: usize = 5_000;

/// Numbers in the direction of the look, and where to go on.
struct Looked {
    numbers: Vec<i64>,
    on: Option<i64>,
}

/// One look through a list.
struct Look<'a> {
    source: &'a ListSource,
    between: RangeInclusive<i64>,
    candidates: Option<Candidates>,
    order: ListOrder,
    is_backward: bool,
    limit: usize,
}

impl Store {
    /// The numbers of a page's rows.
    pub(super) async fn listed(
        &self,
        source: &ListSource,
        window: &ListWindow,
    ) -> Result<ListPage<i64>, Failure> {
        let between = self.numbers_created(source).await?;
        let candidates = match Wanted::by(&source.text) {
            Some(wanted) => Some(self.search_candidates(source.book, source.kind, &wanted, &between).await?),
            None => None,
        };
        let count = match window.counts {
            true => self.count_listed(source, &between, candidates.as_ref()).await?,
            false => ListCount::default(),
        };
        let limit = usize::try_from(window.limit)?;
        let (mut is_backward, mut place) = match window.place {
            ListPlace::Start => (false, None),
            ListPlace::After(number) => (false, Some(number)),
            ListPlace::Before(number) => (true, Some(number)),
        };
        let mut look = Look { source, between, candidates, order: window.order, is_backward, limit };
        let mut looked = self.look(&look, place).await?;
        if is_backward && looked.on.is_none() && looked.numbers.len() < limit {
            // The first page, which is shown as such, and not as what was left before the second.
            (is_backward, place) = (false, None);
            look.is_backward = false;
            looked = self.look(&look, None).await?;
        }
        let Looked { numbers: mut rows, on } = looked;
        let (previous, next) = if is_backward {
            rows.reverse();
            (on, rows.last().copied().or(place))
        } else {
            (rows.first().copied().or(place).filter(|_| place.is_some()), on)
        };
        Ok(ListPage { rows, previous, next, count })
    }

    async fn look(&self, look: &Look<'_>, place: Option<i64>) -> Result<Looked, Failure> {
        match (&look.candidates, look.order) {
            (Some(candidates), ListOrder::Newest | ListOrder::Oldest) => {
                self.look_at_candidates(look, candidates, place).await
            }
            (Some(candidates), ListOrder::Largest) if candidates.count(&look.between) <= MOST_COUNTED => {
                self.sort_candidates(look, candidates, place).await
            }
            _ => self.look_along_index(look, place).await,
        }
    }

    /// Candidates in order of their numbers, chunk by chunk, until a page is full.
    async fn look_at_candidates(
        &self,
        look: &Look<'_>,
        candidates: &Candidates,
        place: Option<i64>,
    ) -> Result<Looked, Failure> {
        let descends = look.descends();
        let all = candidates.ascending(look.numbers(place));
        let mut all: Box<dyn Iterator<Item = i64> + Send> =
            if descends { Box::new(all.rev()) } else { Box::new(all) };
        let (mut numbers, mut looked, mut size) = (Vec::new(), 0, FIRST_CHUNK);
        loop {
            let chunk: Vec<i64> = all.by_ref().take(size).collect();
            let Some(last) = chunk.last().copied() else { return Ok(Looked { numbers, on: None }) };
            let mut sql = ListSql::new("SELECT s.number", []);
            sql.append(&self.matching(look.source, &chunk));
            let mut fitting = self.numbers(sql).await?;
            fitting.sort_unstable();
            if descends {
                fitting.reverse();
            }
            numbers.append(&mut fitting);
            if numbers.len() > look.limit {
                numbers.truncate(look.limit);
                return Ok(Looked { on: numbers.last().copied(), numbers });
            }
            (looked, size) = (looked + chunk.len(), (size * 4).min(LARGEST_CHUNK));
            if looked >= MOST_CANDIDATES {
                return Ok(Looked { numbers, on: Some(last) });
            }
        }
    }

    /// All candidates, which are few, by amount.
    async fn sort_candidates(
        &self,
        look: &Look<'_>,
        candidates: &Candidates,
        place: Option<i64>,
    ) -> Result<Looked, Failure> {
        let all: Vec<i64> = candidates.ascending(look.between.clone()).collect();
        let mut sql = ListSql::new("SELECT s.number", []);
        sql.append(&self.matching(look.source, &all));
        self.along_amounts(look, place, &mut sql).await?;
        let limit = i64::try_from(look.limit + 1)?;
        sql.push(" LIMIT ?", [limit.into()]);
        let mut numbers = self.numbers(sql).await?;
        Ok(Looked { on: cut(&mut numbers, look.limit), numbers })
    }

    /// Rows along an index, of which those that fit are taken.
    async fn look_along_index(&self, look: &Look<'_>, place: Option<i64>) -> Result<Looked, Failure> {
        let source = look.source;
        let column = source.number;
        let mut rows = self.along_index(look, place).await?;
        let rest = self.rest(look);
        let limit = i64::try_from(look.limit + 1)?;
        if rest.is_empty() {
            rows.push(" LIMIT ?", [limit.into()]);
            let mut sql = ListSql::new(&format!("SELECT r.{column} FROM ("), []);
            sql.append(&rows);
            sql.push(") AS r", []);
            let mut numbers = self.numbers(sql).await?;
            return Ok(Looked { on: cut(&mut numbers, look.limit), numbers });
        }
        let mut inner = rows.clone();
        inner.push(" LIMIT ?", [source.most_looked.into()]);
        let mut sql = ListSql::new(&format!("SELECT r.{column} FROM ("), []);
        sql.append(&inner);
        sql.push(") AS r WHERE ", []);
        sql.append(&rest);
        sql.push(" LIMIT ?", [limit.into()]);
        let mut numbers = self.numbers(sql).await?;
        if let Some(on) = cut(&mut numbers, look.limit) {
            return Ok(Looked { numbers, on: Some(on) });
        }
        // Where the look ended, if it did not reach the end of the list.
        rows.push(" LIMIT 1 OFFSET ?", [(source.most_looked - 1).into()]);
        let mut sql = ListSql::new(&format!("SELECT r.{column} FROM ("), []);
        sql.append(&rows);
        sql.push(") AS r", []);
        let on = self.numbers(sql).await?.first().copied();
        Ok(Looked { numbers, on })
    }

    /// How many rows a list has.
    async fn count_listed(
        &self,
        source: &ListSource,
        between: &RangeInclusive<i64>,
        candidates: Option<&Candidates>,
    ) -> Result<ListCount, Failure> {
        if let Some(candidates) = candidates {
            return self.count_candidates(source, between, candidates).await;
        }
        let order = ListOrder::Newest;
        let look =
            Look { source, between: between.clone(), candidates: None, order, is_backward: false, limit: 0 };
        let mut rows = self.along_index(&look, None).await?;
        let rest = self.rest(&look);
        if rest.is_empty() {
            rows.push(" LIMIT ?", [(MOST_COUNTED + 1).into()]);
            let mut sql = ListSql::new("SELECT count(*) FROM (", []);
            sql.append(&rows);
            sql.push(") AS r", []);
            let found = self.numbers(sql).await?.first().copied().unwrap_or_default();
            return Ok(ListCount { found, is_all: found <= MOST_COUNTED });
        }
        rows.push(" LIMIT ?", [source.most_looked.into()]);
        let mut sql = ListSql::new("SELECT count(*), CAST(coalesce(sum(CASE WHEN ", []);
        sql.append(&rest);
        sql.push(" THEN 1 ELSE 0 END), 0) AS BIGINT) FROM (", []);
        sql.append(&rows);
        sql.push(") AS r", []);
        let (sql, values) = sql.finish();
        let row = self.driver.query_one(sql, values).await?;
        let (looked, found) = row.map_or(Ok::<_, Failure>((0, 0)), |row| Ok((row.int(0)?, row.int(1)?)))?;
        Ok(ListCount {
            found: found.min(MOST_COUNTED + 1),
            is_all: looked < source.most_looked && found <= MOST_COUNTED,
        })
    }

    async fn count_candidates(
        &self,
        source: &ListSource,
        between: &RangeInclusive<i64>,
        candidates: &Candidates,
    ) -> Result<ListCount, Failure> {
        let all = candidates.count(between);
        if Wanted::is_exact(&source.text) && source.has_no_filter() {
            return Ok(ListCount { found: all.min(MOST_COUNTED + 1), is_all: all <= MOST_COUNTED });
        }
        let mut newest = candidates.ascending(between.clone()).rev();
        let (mut found, mut looked) = (0, 0);
        while found <= MOST_COUNTED && looked < MOST_CANDIDATES {
            let chunk: Vec<i64> = newest.by_ref().take(LARGEST_CHUNK).collect();
            if chunk.is_empty() {
                return Ok(ListCount { found, is_all: true });
            }
            looked += chunk.len();
            let mut sql = ListSql::new("SELECT count(*)", []);
            sql.append(&self.matching(source, &chunk));
            found += self.numbers(sql).await?.first().copied().unwrap_or_default();
        }
        let is_all = found <= MOST_COUNTED && i64::try_from(looked)? >= all;
        Ok(ListCount { found: found.min(MOST_COUNTED + 1), is_all })
    }

    /// `FROM … WHERE …` for those of these rows that have the text and pass the filters.
    fn matching(&self, source: &ListSource, numbers: &[i64]) -> ListSql {
        let mut sql = ListSql::new(" FROM search_row s", []);
        if !source.has_no_filter() {
            sql.push(&format!(" CROSS JOIN {} r", source.table), []);
        }
        let here = [source.book.0.into(), (source.kind as i64).into()];
        sql.push(" WHERE s.book = ? AND s.kind = ?", here);
        sql.and_part(&self.among("s.number", numbers));
        sql.and_part(&self.has("s.text", &source.text));
        if !source.has_no_filter() {
            [&source.scope, &source.driver, &source.rest].into_iter().for_each(|part| sql.and_part(part));
            sql.push(&format!(" AND r.{} = s.number", source.number), []);
        }
        sql
    }

    /// The list's rows in order from a place, as a sub-query without a limit.
    async fn along_index(&self, look: &Look<'_>, place: Option<i64>) -> Result<ListSql, Failure> {
        let source = look.source;
        let (table, column) = (source.table, source.number);
        if source.amount.is_none() && look.order != ListOrder::Largest {
            let numbers = look.numbers(place);
            let mut sql = ListSql::new(&format!("SELECT r.* FROM {table} r WHERE "), []);
            sql.append(&source.scope);
            sql.and_part(&source.driver);
            sql.push(
                &format!(" AND r.{column} >= ? AND r.{column} <= ?"),
                [(*numbers.start()).into(), (*numbers.end()).into()],
            );
            sql.push(&format!(" ORDER BY r.{column}{}", direction(look.descends())), []);
            return Ok(sql);
        }
        let text = format!(
            "SELECT r.*, s.text AS search_text FROM search_row s CROSS JOIN {table} r WHERE s.book = ? AND s.kind = ? AND s.amount > 0"
        );
        let mut sql = ListSql::new(&text, [source.book.0.into(), (source.kind as i64).into()]);
        if let Some(amount) = source.amount {
            sql.push(" AND s.amount = ?", [amount.0.into()]);
        }
        sql.push(&format!(" AND r.{column} = s.number AND "), []);
        sql.append(&source.scope);
        if look.order == ListOrder::Largest {
            let between: [Value; 2] = [(*look.between.start()).into(), (*look.between.end()).into()];
            // The sign keeps the index of numbers out of it: by that one, all rows of the list would be sorted first.
            sql.push(" AND +s.number >= ? AND +s.number <= ?", between);
            self.along_amounts(look, place, &mut sql).await?;
        } else {
            let numbers = look.numbers(place);
            sql.push(
                " AND s.number >= ? AND s.number <= ?",
                [(*numbers.start()).into(), (*numbers.end()).into()],
            );
            sql.push(&format!(" ORDER BY s.number{}", direction(look.descends())), []);
        }
        Ok(sql)
    }

    /// Place and order of a list by amount.
    async fn along_amounts(
        &self,
        look: &Look<'_>,
        place: Option<i64>,
        sql: &mut ListSql,
    ) -> Result<(), Failure> {
        let descends = !look.is_backward;
        if let Some(number) = place {
            let amount = "SELECT amount FROM search_row WHERE book = $1 AND kind = $2 AND number = $3";
            let values = vec![look.source.book.0.into(), (look.source.kind as i64).into(), number.into()];
            if let Some(row) = self.driver.query_one(amount, values).await? {
                let sign = if descends { "<" } else { ">" };
                sql.push(
                    &format!(" AND (s.amount, s.number) {sign} (?, ?)"),
                    [row.int(0)?.into(), number.into()],
                );
            }
        }
        let way = direction(descends);
        sql.push(&format!(" ORDER BY s.amount{way}, s.number{way}"), []);
        Ok(())
    }

    /// What the rows of [`Self::along_index`] have to pass.
    fn rest(&self, look: &Look<'_>) -> ListSql {
        let source = look.source;
        let mut rest = source.rest.clone();
        let by_amount = source.amount.is_some() || look.order == ListOrder::Largest;
        if by_amount {
            rest.and_part(&source.driver);
        }
        if look.candidates.is_some() {
            rest.and_part(&self.has("r.search_text", &source.text));
        }
        rest
    }

    async fn numbers(&self, sql: ListSql) -> Result<Vec<i64>, Failure> {
        let (sql, values) = sql.finish();
        self.driver.query(sql, values).await?.iter().map(|row| row.int(0)).collect()
    }
}

impl Look<'_> {
    /// Do the numbers fall along the look?
    fn descends(&self) -> bool {
        (self.order == ListOrder::Oldest) == self.is_backward
    }

    /// The numbers from a place on, along the look.
    fn numbers(&self, place: Option<i64>) -> RangeInclusive<i64> {
        let (first, last) = (*self.between.start(), *self.between.end());
        match place {
            None => first..=last,
            Some(number) if self.descends() => first..=last.min(number.saturating_sub(1)),
            Some(number) => first.max(number.saturating_add(1))..=last,
        }
    }
}

fn direction(descends: bool) -> &'static str {
    if descends { " DESC" } else { "" }
}

/// Cuts a page to its size; the number of its last row, where there are more.
fn cut(numbers: &mut Vec<i64>, limit: usize) -> Option<i64> {
    let is_more = numbers.len() > limit;
    numbers.truncate(limit);
    numbers.last().copied().filter(|_| is_more)
}

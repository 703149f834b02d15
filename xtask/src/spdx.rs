//! SPDX licence expressions, as far as crates state them: `AND`, `OR`, `WITH`, parentheses and the old `/`.

use anyhow::{Result, bail};

/// Whether `accept`ed licences satisfy the expression. `A WITH B` is asked for as one name.
///
/// # Errors
/// The expression cannot be read.
pub fn is_satisfied(expression: &str, accept: impl Fn(&str) -> bool) -> Result<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut reader = Reader { tokens: spaced.split_whitespace().collect(), accept: &accept };
    reader.tokens.reverse();
    let satisfied = reader.any()?;
    match reader.tokens.pop() {
        None => Ok(satisfied),
        Some(rest) => bail!("unexpected \"{rest}\""),
    }
}

/// The tokens yet to be read, the next one last.
struct Reader<'a> {
    tokens: Vec<&'a str>,
    accept: &'a dyn Fn(&str) -> bool,
}

impl<'a> Reader<'a> {
    fn any(&mut self) -> Result<bool> {
        let mut satisfied = self.all()?;
        while self.take("OR") {
            satisfied |= self.all()?;
        }
        Ok(satisfied)
    }

    fn all(&mut self) -> Result<bool> {
        let mut satisfied = self.one()?;
        while self.take("AND") {
            satisfied &= self.one()?;
        }
        Ok(satisfied)
    }

    fn one(&mut self) -> Result<bool> {
        if self.take("(") {
            let satisfied = self.any()?;
            if !self.take(")") {
                bail!("a parenthesis is not closed");
            }
            return Ok(satisfied);
        }
        let licence = self.name()?;
        if self.take("WITH") {
            let exception = self.name()?;
            return Ok((self.accept)(&format!("{licence} WITH {exception}")));
        }
        Ok((self.accept)(licence))
    }

    fn name(&mut self) -> Result<&'a str> {
        match self.tokens.pop() {
            Some(name) if !["AND", "OR", "WITH", "(", ")"].contains(&name) => Ok(name),
            Some(token) => bail!("a licence was expected, not \"{token}\""),
            None => bail!("a licence is missing"),
        }
    }

    fn take(&mut self, token: &str) -> bool {
        let next = self.tokens.last() == Some(&token);
        if next {
            self.tokens.pop();
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::is_satisfied;

    fn satisfied(expression: &str) -> bool {
        is_satisfied(expression, |name| ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"].contains(&name)).unwrap()
    }

    #[test]
    fn one_accepted_alternative_is_enough() {
        assert!(satisfied("MIT"));
        assert!(satisfied("GPL-3.0-only OR MIT"));
        assert!(satisfied("MIT/Apache-2.0"));
        assert!(satisfied("Apache-2.0 WITH LLVM-exception OR Apache-2.0"));
        assert!(!satisfied("GPL-3.0-only"));
        assert!(!satisfied("Apache-2.0"));
    }

    #[test]
    fn every_part_of_a_sum_is_needed() {
        assert!(satisfied("MIT AND Zlib"));
        assert!(satisfied("(MIT OR GPL-3.0-only) AND Zlib"));
        assert!(!satisfied("(MIT OR Zlib) AND GPL-3.0-only"));
        assert!(!satisfied("MIT AND GPL-3.0-only OR Apache-2.0"));
        assert!(satisfied("MIT OR GPL-3.0-only AND Apache-2.0"), "AND binds closer than OR");
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for expression in ["", "MIT OR", "(MIT", "MIT Zlib", "AND MIT", "none stated"] {
            assert!(is_satisfied(expression, |_| true).is_err(), "{expression}");
        }
    }
}

//! Days of the calendar, in UTC.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A day of the calendar; days begin and end in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// The last year that can be written.
const LAST_YEAR: u16 = 9_999;

impl Date {
    /// What the machine's clock says.
    pub fn today() -> Self {
        Self::of(SystemTime::now())
    }

    /// So many days from today on.
    pub fn in_days(days: u32) -> Self {
        Self::of(SystemTime::now() + Duration::from_secs(DAY * u64::from(days)))
    }

    /// The day of a moment; the first of 1970 for a clock before it.
    pub fn of(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut left = since.as_secs() / DAY;
        let mut date = Self {
            year: 1970,
            month: 1,
            day: 1,
        };
        while date.year < LAST_YEAR && left >= days_of_year(date.year) {
            left -= days_of_year(date.year);
            date.year += 1;
        }
        while date.month < 12 && left >= u64::from(days_of_month(date.year, date.month)) {
            left -= u64::from(days_of_month(date.year, date.month));
            date.month += 1;
        }
        let last = days_of_month(date.year, date.month);
        date.day = u8::try_from(left + 1).unwrap_or(last).min(last);
        date
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of_year(year: u16) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_of_month(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The text is no day of the calendar.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a day of the calendar")]
pub struct NoDate;

impl FromStr for Date {
    type Err = NoDate;

    /// Reads `2027-01-31`.
    fn from_str(text: &str) -> Result<Self, NoDate> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            let all_digits = part.bytes().all(|byte| byte.is_ascii_digit());
            all_digits.then(|| part.parse::<u16>().ok()).flatten()
        };
        let (year, month, day) = (number(4), number(2), number(2));
        let (Some(year), Some(month), Some(day), None) = (year, month, day, parts.next()) else {
            return Err(NoDate);
        };
        let month = u8::try_from(month).map_err(|_| NoDate)?;
        let day = u8::try_from(day).map_err(|_| NoDate)?;
        let real = (1..=12).contains(&month) && (1..=days_of_month(year, month)).contains(&day);
        real.then_some(Self { year, month, day }).ok_or(NoDate)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_in_the_calendar() {
        for (days, date) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (789, "1972-02-29"),
            (11_016, "2000-02-29"),
            (20_453, "2025-12-31"),
            (20_454, "2026-01-01"),
            (47_541, "2100-03-01"),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(days * DAY + DAY - 1);
            assert_eq!(Date::of(time).to_string(), date);
        }
    }

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        for text in ["2027-01-31", "2028-02-29", "0001-12-01"] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), text);
        }
        for text in [
            "2027-02-29",
            "2027-13-01",
            "2027-00-01",
            "2027-01-00",
            "2027-1-1",
            "27-01-01",
            "",
            "2027-01-31-1",
            "2027-01",
            "+027-01-01",
            "2027-01-31 ",
            "tomorrow",
        ] {
            assert_eq!(text.parse::<Date>(), Err(NoDate), "{text}");
        }
        assert!("2026-12-31".parse::<Date>().unwrap() < "2027-01-01".parse().unwrap());
        assert!(Date::today() < Date::in_days(1));
    }
}

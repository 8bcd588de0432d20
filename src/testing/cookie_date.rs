//! The dates of cookies.

/// Reads a date as browsers read `Expires`, in seconds since 1970:
/// <https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-dates>
pub(super) fn parse(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    let tokens = text.split(|letter: char| {
        !(letter.is_ascii_alphanumeric() || letter == ':' || !letter.is_ascii())
    });
    for token in tokens.filter(|token| !token.is_empty()) {
        let lower = token.to_ascii_lowercase();
        if time.is_none() && parse_time(token).is_some() {
            time = parse_time(token);
        } else if day.is_none() && leading_number(token, 1, 2).is_some() {
            day = leading_number(token, 1, 2);
        } else if month.is_none() && MONTHS.iter().any(|name| lower.starts_with(name)) {
            month = MONTHS.iter().position(|name| lower.starts_with(name));
        } else if year.is_none() {
            year = leading_number(token, 2, 4);
        }
    }
    let ((hour, minute, second), day, month) = (time?, day?, month?);
    let year = match year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year => year,
    };
    let is_valid =
        (1..=31).contains(&day) && year >= 1601 && hour < 24 && minute < 60 && second < 60;
    let month = i64::try_from(month).ok()? + 1;
    (is_valid && day <= days_in_month(year, month))
        .then(|| days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

fn parse_time(token: &str) -> Option<(i64, i64, i64)> {
    let mut parts = token.splitn(3, ':');
    let hour = leading_number(parts.next()?, 1, 2)?;
    let minute = leading_number(parts.next()?, 1, 2)?;
    let second = leading_number(parts.next()?, 1, 2)?;
    Some((hour, minute, second))
}

/// Returns the number with which a text begins, if it has so many digits.
fn leading_number(text: &str, least: usize, most: usize) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (least..=most)
        .contains(&digits)
        .then(|| text[..digits].parse().ok())?
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Counts the days, with years that begin in March, so that a leap day is the last of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let days_of_years = year * 365 + year / 4 - year / 100 + year / 400;
    days_of_years + (month * 306 + 5) / 10 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn dates_are_read_leniently() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Thu, 01-Jan-70 00:00:01 GMT", Some(1)),
            ("Wed, 29 Feb 2096 23:59:59 GMT", Some(3_981_398_399)),
            ("Fri Aug 19 2033 9:08:07 GMT+0200", Some(2_008_055_287)),
            ("31 december 1999 23:59:59", Some(946_684_799)),
            ("1 Mar 2000 0:0:0", Some(951_868_800)),
            ("Sun, 29 Feb 2099 00:00:00 GMT", None),
            ("Sun, 31 Apr 2099 00:00:00 GMT", None),
            ("Sun, 01 Apr 2099 24:00:00 GMT", None),
            ("Sun, 01 Apr 1600 00:00:00 GMT", None),
            ("Sun, 01 2099 00:00:00 GMT", None),
            ("tomorrow", None),
            ("0", None),
            ("", None),
        ] {
            assert_eq!(parse(text), seconds, "{text}");
        }
    }
}

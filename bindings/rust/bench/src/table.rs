//! Results as a table in Markdown: a row for each measure, a column for each engine.

/// What a phase gave.
#[derive(Clone, Copy)]
pub enum Figure {
    PerSecond(f64),
    Bytes(u64),
}

pub type Row = (String, Figure);

/// The columns have the rows of the first one; what is missing was not measured.
pub fn print(columns: &[(&str, Vec<Row>)]) {
    let Some((_, first)) = columns.first() else { return };
    println!("| |{}", columns.iter().map(|(name, _)| format!(" {name} |")).collect::<String>());
    println!("| --- |{}", " ---: |".repeat(columns.len()));
    for (name, _) in first {
        let figures = columns.iter().map(|(_, rows)| rows.iter().find(|(other, _)| other == name).map(|(_, figure)| figure));
        let cells = figures.map(|figure| match figure {
            Some(Figure::PerSecond(rate)) => format!(" {} |", grouped(rate.round() as u64)),
            Some(Figure::Bytes(bytes)) => format!(" {:.1} MiB |", *bytes as f64 / f64::from(1 << 20)),
            None => " - |".to_string(),
        });
        println!("| {name} |{}", cells.collect::<String>());
    }
}

/// 1234567 as 1,234,567.
pub fn grouped(number: u64) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", grouped(number / 1000), number % 1000) }
}

//! What was heard as a table: one row per vocal frame.

use anyhow::Result;

use super::Frame;

/// The table as text: `time_s,vocal,gate`, then one column per genre class (`genre_<class>`).
///
/// `gate` is 0 or 1; a genre's column holds its probability in the reading that covers the instant,
/// and is empty where the file was not long enough for any.
///
/// # Errors
/// None in practice; the writer's own.
pub fn table<'a>(
    frames: impl Iterator<Item = Frame>,
    classes: &[impl AsRef<str>],
    genre_at: impl Fn(f64) -> Option<&'a [f32]>,
) -> Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut header = vec!["time_s".to_owned(), "vocal".into(), "gate".into()];
    header.extend(classes.iter().map(|class| format!("genre_{}", class.as_ref())));
    table.write_record(&header)?;
    for Frame { time_s, probability, gate } in frames {
        let mut row = vec![format!("{time_s:.6}"), probability.to_string(), u8::from(gate).to_string()];
        match genre_at(time_s) {
            Some(genre) => row.extend(genre.iter().map(f32::to_string)),
            None => row.resize(header.len(), String::new()),
        }
        table.write_record(&row)?;
    }
    Ok(table.into_inner()?)
}

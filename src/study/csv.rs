//! An analysis as a table: one row per vocal frame.

use anyhow::Result;

use super::analysis::Analysis;

/// The table as text: `time_s,vocal,gate`, then one column per genre class (`genre_<class>`).
///
/// `gate` is 0 or 1; a genre's column holds its probability in the reading that covers the instant,
/// and is empty where the file was not long enough for any.
///
/// # Errors
/// None in practice; the writer's own.
pub fn table(analysis: &Analysis) -> Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut header = vec!["time_s".to_owned(), "vocal".into(), "gate".into()];
    header.extend(analysis.genre.classes.iter().map(|class| format!("genre_{class}")));
    table.write_record(&header)?;
    for (frame, (&vocal, &gate)) in analysis.vocal.probability.iter().zip(&analysis.gate).enumerate() {
        let time_s = analysis.vocal.time_s(frame);
        let mut row = vec![format!("{time_s:.6}"), vocal.to_string(), u8::from(gate).to_string()];
        match analysis.genre.timeline.at(time_s) {
            Some(genre) => row.extend(genre.iter().map(f32::to_string)),
            None => row.resize(header.len(), String::new()),
        }
        table.write_record(&row)?;
    }
    Ok(table.into_inner()?)
}

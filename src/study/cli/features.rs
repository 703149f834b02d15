//! `earmark features FILE... --out x.safetensors`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use super::console::Console;
use super::dataset::{Dataset, DatasetFlags, origin};
use super::inputs::InputFlags;
use super::models::choose;
use super::{Outcome, many, stop};
use crate::study::features::{Extractor, Features, FeaturesRow, Layer, Layers, Pooling, tensors};
use crate::study::hear::Stopped;
use crate::study::identity::{Stamp, content};
use crate::study::mix::Mix;
use crate::study::outputs;

/// How a layer's values over time become one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Pool {
    /// The mean over each window, then over windows.
    Mean,
    /// The largest of all values.
    Max,
    /// Both.
    Both,
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    inputs: InputFlags,
    /// The safetensors file to write: a tensor [files, width] per layer, the files' names in its metadata.
    #[arg(long, value_name = "FILE", required_unless_present = "parquet")]
    out: Option<PathBuf>,
    /// Which layers: all (of the taggers), last (each one's embedding), voice (the voice network's), mfcc (a baseline), or
    /// names of networks and layers; several by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "all")]
    layers: Vec<String>,
    /// How they are pooled over time.
    #[arg(long, value_enum, value_name = "POOL", default_value = "mean")]
    pool: Pool,
    #[command(flatten)]
    dataset: DatasetFlags,
    /// A vocal network to use in place of the built-in one.
    #[arg(long, value_name = "FILE")]
    vocal_model: Option<PathBuf>,
    /// A genre network to use in place of the built-in ones.
    #[arg(long, value_name = "FILE")]
    genre_model: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<Outcome> {
    let Some(models) = choose(arguments.vocal_model.as_ref(), arguments.genre_model.as_ref(), console) else {
        return Ok(Outcome::Failed);
    };
    let layers = Layers::choose(&arguments.layers, &models)?;
    let pooling: Arc<[Pooling]> = match arguments.pool {
        Pool::Mean => [Pooling::Mean].into(),
        Pool::Max => [Pooling::Max].into(),
        Pool::Both => [Pooling::Mean, Pooling::Max].into(),
    };
    let names: Vec<&str> = layers.all().iter().map(|layer| layer.name.as_str()).collect();
    let origin = format!("{}: {} of {}", origin(&models), arguments.pool.name(), names.join(", "));
    let mut inputs = arguments.inputs.gather()?;
    // Tensors hold all files, also those that the data set knows already.
    let again = arguments.out.is_some();
    let shard = arguments.inputs.shard;
    let dataset = arguments.dataset.open(&mut inputs.files, again, shard, &origin, console)?;
    let extractor = Extractor::new(&models, layers)?;
    let layers: Arc<[Layer]> = extractor.layers().into();
    let files = inputs.files.into_iter().map(|input| input.path).collect();
    Job { arguments, console, extractor, layers, pooling, origin, files }.run(dataset)
}

impl Pool {
    fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Max => "max",
            Self::Both => "mean and max",
        }
    }
}

struct Job<'a> {
    arguments: &'a Arguments,
    console: &'a Console,
    extractor: Extractor,
    layers: Arc<[Layer]>,
    pooling: Arc<[Pooling]>,
    origin: String,
    files: Vec<PathBuf>,
}

impl Job<'_> {
    fn run(&self, mut dataset: Option<Dataset<'_, FeaturesRow>>) -> Result<Outcome> {
        let bar = self.console.count(self.files.len());
        let mut outcome = Outcome::Done;
        let mut kept = Vec::new();
        many::in_order(
            self.files.len(),
            |index| self.file(&self.files[index]),
            |index, result| {
                bar.inc(1);
                match result {
                    Ok(row) => {
                        if self.arguments.out.is_some() {
                            kept.push(row.clone());
                        }
                        if let Some(dataset) = &mut dataset
                            && !dataset.add(row)
                        {
                            return false;
                        }
                    }
                    Err(error) if error.is::<Stopped>() => {}
                    Err(error) => {
                        self.console.error(Some(&self.files[index]), &error);
                        outcome = Outcome::Failed;
                    }
                }
                !stop::requested()
            },
        );
        bar.finish_and_clear();
        if !dataset.is_none_or(|dataset| dataset.finish(!stop::requested())) {
            return Ok(Outcome::Failed);
        }
        if let (Some(out), false) = (&self.arguments.out, stop::requested()) {
            self.write(out, &kept).with_context(|| out.display().to_string())?;
        }
        Ok(outcome)
    }

    fn file(&self, path: &Path) -> Result<FeaturesRow> {
        let stamp = Stamp::of(path);
        let features: Features = self.extractor.file(path, Mix::default(), &self.console.watch(path))?;
        Ok(FeaturesRow {
            file: path.display().to_string(),
            stamp: stamp?,
            content: content(path)?,
            features,
            layers: self.layers.clone(),
            pooling: self.pooling.clone(),
        })
    }

    fn write(&self, out: &Path, rows: &[FeaturesRow]) -> Result<()> {
        let bytes = tensors(rows, &self.pooling, &self.origin)?;
        if let Some(directory) = out.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            outputs::make_directory(directory)?;
        }
        outputs::replace(out, &bytes)?;
        let (files, layers) = (rows.len(), self.layers.len());
        self.console.print(&format!("{}: {files} files, {layers} layers\n", out.display()));
        Ok(())
    }
}

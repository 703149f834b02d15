//! Parts of the window that stand still. A page that shows what it showed a moment ago is not laid out again for every
//! picture of what moves beside it: its triangles are kept and shown again, until what it shows changes or somebody comes
//! near with pointer or keyboard.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use egui::epaint::{ClippedShape, Primitive};
use egui::{Color32, Context, FontId, Galley, Id, Mesh, Rect, Sense, Shape, Ui};

/// After the last input everything is drawn anew for so long, seconds: what fades or settles is over by then.
const SETTLES_S: f64 = 0.5;
/// Pictures in a row that must show the same before it is kept: egui lays some things out twice.
const SAME: u32 = 2;
/// The pointer wakes a part at this distance, points.
const NEAR: f32 = 16.0;

/// Whether parts may stand still in this picture.
#[derive(Clone)]
struct Rest {
    asleep: bool,
    awake_until_s: f64,
    /// Laid out in every picture: it is another one when the picture of the font's letters was made anew.
    witness: Arc<Galley>,
    /// Times that happened. Triangles of text are good for one picture of the letters, at one size.
    renewals: u32,
    letters: [usize; 2],
}

/// What was drawn of a part the last time.
struct Drawn {
    key: u64,
    same: u32,
    rect: Rect,
    kept: Option<Kept>,
}

/// Triangles with their clip rectangles, and what can be clicked.
struct Kept {
    meshes: Vec<(Rect, Arc<Mesh>)>,
    widgets: Vec<(Id, Rect, Sense)>,
}

/// Once for every picture, before anything is drawn; nothing stands still unless `allowed`.
pub fn begin(ctx: &Context, allowed: bool) {
    let id = Id::unique("still");
    let before = ctx.data(|data| data.get_temp::<Rest>(id));
    let (touched, now_s) = ctx.input(|input| (!input.events.is_empty() || input.pointer.any_down(), input.time));
    let busy = touched || ctx.any_popup_open();
    let awake_until_s = match &before {
        Some(before) if !busy => before.awake_until_s,
        _ => now_s + SETTLES_S,
    };
    if before.as_ref().is_some_and(|before| before.asleep) && busy {
        // What wakes may answer the pointer only in the next picture.
        ctx.request_repaint();
    }
    let witness = ctx.fonts_mut(|f| f.layout_no_wrap("Earmark".to_owned(), FontId::default(), Color32::WHITE));
    let renewals = match before {
        Some(before) if Arc::ptr_eq(&before.witness, &witness) => before.renewals,
        before => before.map_or(0, |before| before.renewals.wrapping_add(1)),
    };
    let letters = ctx.fonts(|fonts| fonts.font_image_size());
    let asleep = allowed && !busy && now_s >= awake_until_s;
    ctx.data_mut(|data| data.insert_temp(id, Rest { asleep, awake_until_s, witness, renewals, letters }));
}

/// Once for every picture, after everything is drawn. Where the picture of the letters grew meanwhile, what was shown
/// again points beside its letters: it is drawn anew before anybody sees it.
pub fn end(ctx: &Context) {
    let letters = ctx.fonts(|fonts| fonts.font_image_size());
    let rest = ctx.data(|data| data.get_temp::<Rest>(Id::unique("still")));
    if rest.is_some_and(|rest| rest.asleep && rest.letters != letters) {
        ctx.request_discard("the picture of the letters has grown");
    }
}

/// What a part shows, in a number: everything that its drawing looks at.
#[must_use]
pub fn shows(what: impl Hash) -> u64 {
    hash(what)
}

/// Draws a part by `draw`, or shows again what was drawn, as long as [`shows`] says the same. `name` is the part's own
/// within `ui`.
pub fn still(ui: &mut Ui, name: &str, shows: u64, draw: impl FnOnce(&mut Ui)) {
    let ctx = ui.ctx().clone();
    let Some(rest) = ctx.data(|data| data.get_temp::<Rest>(Id::unique("still"))) else {
        ui.scope(draw);
        return;
    };
    let id = ui.unique_id().with(("still", name));
    let key = hash((
        shows,
        [ui.cursor(), ui.max_rect(), ui.clip_rect()].map(bits),
        (rest.renewals, rest.letters),
        ctx.pixels_per_point().to_bits(),
        ctx.theme() == egui::Theme::Dark,
    ));
    let before = ctx.data(|data| data.get_temp::<Arc<Drawn>>(id)).filter(|drawn| drawn.key == key);
    if rest.asleep
        && let Some(drawn) = &before
        && let Some(kept) = &drawn.kept
        && !is_near(&ctx, drawn.rect, kept)
    {
        show_again(ui, drawn.rect, kept);
        return;
    }
    let same = before.map_or(0, |drawn| drawn.same) + 1;
    let layer = ui.layer_id();
    let shapes_before = ctx.graphics(|graphics| graphics.get(layer).map_or(0, |list| list.next_idx().0));
    let widgets_before = ctx.viewport(|viewport| viewport.this_pass.widgets.get_layer(layer).count());
    let rect = ui.scope(draw).response.rect;
    let kept = (rest.asleep && same >= SAME).then(|| {
        let shapes: Vec<ClippedShape> = ctx.graphics(|graphics| {
            graphics
                .get(layer)
                .map(|list| list.all_entries().skip(shapes_before).cloned().collect())
                .unwrap_or_default()
        });
        let widgets = ctx.viewport(|viewport| {
            let new = viewport.this_pass.widgets.get_layer(layer).skip(widgets_before);
            let answers = |widget: &&egui::WidgetRect| widget.enabled && widget.sense.interactive();
            new.filter(answers).map(|widget| (widget.id, widget.interact_rect, widget.sense)).collect()
        });
        Kept { meshes: triangles(&ctx, shapes), widgets }
    });
    ctx.data_mut(|data| data.insert_temp(id, Arc::new(Drawn { key, same, rect, kept })));
}

/// Whether pointer or keyboard are here.
fn is_near(ctx: &Context, rect: Rect, kept: &Kept) -> bool {
    let focused = ctx.memory(|memory| memory.focused());
    ctx.pointer_latest_pos().is_some_and(|at| rect.expand(NEAR).contains(at))
        || focused.is_some_and(|focused| kept.widgets.iter().any(|(id, ..)| *id == focused))
}

fn show_again(ui: &mut Ui, rect: Rect, kept: &Kept) {
    for (clip, mesh) in &kept.meshes {
        ui.painter().with_clip_rect(*clip).add(Shape::Mesh(mesh.clone()));
    }
    // What wakes in the next picture must find the pointer's target already there.
    for (id, rect, sense) in &kept.widgets {
        ui.interact(*rect, *id, *sense);
    }
    ui.skip_ahead_auto_ids(1);
    ui.advance_cursor_after_rect(rect);
}

fn triangles(ctx: &Context, shapes: Vec<ClippedShape>) -> Vec<(Rect, Arc<Mesh>)> {
    let primitives = ctx.tessellate(shapes, ctx.pixels_per_point());
    let mesh = |primitive| match primitive {
        Primitive::Mesh(mesh) => Some(Arc::new(mesh)),
        // None of our parts has any.
        Primitive::Callback(_) => None,
    };
    primitives.into_iter().filter_map(|clipped| Some((clipped.clip_rect, mesh(clipped.primitive)?))).collect()
}

/// Of anything.
fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A rectangle for [`shows`].
#[must_use]
pub fn bits(rect: Rect) -> [u32; 4] {
    [rect.min.x, rect.min.y, rect.max.x, rect.max.y].map(f32::to_bits)
}

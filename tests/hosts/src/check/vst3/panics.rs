//! A panic at each function of ours: the host lives, and the audio passes.

use super::instance::{AUDIO, IN, Instance, Lent, OUT, ok};
use crate::check::panics::{Injector, WITHOUT};
use crate::check::random::Random;
use crate::check::{Check, Format, Subject, Verdict};
use crate::vst3::module::{Module, binary};
use crate::vst3::state;
use ::vst3::ComPtr;
use ::vst3::Steinberg::Vst::ChannelContext::{IInfoListener, IInfoListenerTrait};
use ::vst3::Steinberg::Vst::{
    IAudioProcessorTrait, IComponentTrait, IEditControllerTrait, IMidiMapping, IMidiMappingTrait,
    INoteExpressionController, INoteExpressionControllerTrait, IProcessContextRequirements,
    IProcessContextRequirementsTrait, IUnitInfo, IUnitInfoTrait,
};
use ::vst3::Steinberg::{
    IPluginBaseTrait, IPluginFactory2, IPluginFactory2Trait, IPluginFactory3, IPluginFactory3Trait,
    IPluginFactoryTrait, kResultOk,
};
use anyhow::{Context, Result, ensure};
use std::ptr::{null, null_mut};

pub(super) const CHECKS: &[Check] = &[
    Check {
        format: Format::Vst3,
        name: "panics-entries",
        about: "a panic in any function that the host calls is answered as a failure of that call alone",
        run: entries,
    },
    Check {
        format: Format::Vst3,
        name: "panics-audio",
        about: "after a panic while it is activated, reset or processes, the audio passes as it is",
        run: audio,
    },
];

const FRAMES: usize = 512;

/// Calls each function while it panics. It does so before it looks at what it was given, which is why that is nothing.
macro_rules! panic_in {
    ($injector:expr, $object:expr, $trait:ident: $($name:ident($($argument:expr),*)),+ $(,)?) => {
        $($injector.during(concat!(stringify!($trait), "::", stringify!($name)), || {
            // SAFETY: the call ends before anything is read or written.
            unsafe { $trait::$name(&$object, $($argument),*) };
            Ok(())
        })?;)+
    };
}

fn entries(subject: &Subject) -> Result<Verdict> {
    let Some(injector) = Injector::of(&binary(&subject.bundle))? else {
        return Ok(Verdict::Skipped(WITHOUT.to_owned()));
    };
    for entry in ["ModuleEntry", "GetPluginFactory"] {
        let refused = injector.during(entry, || Ok(Module::load(&subject.bundle).is_err()))?;
        ensure!(refused, "{entry}() succeeds");
    }
    factory(&injector, subject)?;

    let instance = Instance::uninitialized(subject)?;
    panic_in!(injector, instance.component, IPluginBaseTrait: initialize(null_mut()));
    drop(instance);
    let instance = Instance::new(subject)?;
    component(&injector, &instance)?;
    controller(&injector, &instance)?;
    others(&injector, &instance)?;
    states(&injector, &instance)?;
    lives(&instance)?;
    panic_in!(injector, instance.component, IPluginBaseTrait: terminate());
    drop(instance);
    injector.during("Component::drop", || {
        drop(Instance::new(subject)?);
        Ok(())
    })?;
    lives(&Instance::new(subject)?)?;
    Ok(Verdict::Passed)
}

fn factory(injector: &Injector, subject: &Subject) -> Result<()> {
    let module = Module::load(&subject.bundle)?;
    let factory = module.factory().clone();
    panic_in!(injector, factory, IPluginFactoryTrait:
        getFactoryInfo(null_mut()), countClasses(), getClassInfo(0, null_mut()), createInstance(null(), null(), null_mut()));
    let second = factory.cast::<IPluginFactory2>().context("there is no second factory")?;
    panic_in!(injector, second, IPluginFactory2Trait: getClassInfo2(0, null_mut()));
    let third = factory.cast::<IPluginFactory3>().context("there is no third factory")?;
    panic_in!(injector, third, IPluginFactory3Trait: getClassInfoUnicode(0, null_mut()), setHostContext(null_mut()));
    Ok(())
}

fn component(injector: &Injector, instance: &Instance) -> Result<()> {
    panic_in!(injector, instance.component, IComponentTrait:
        getControllerClassId(null_mut()), setIoMode(0), getBusCount(AUDIO, IN), getBusInfo(AUDIO, IN, 0, null_mut()),
        getRoutingInfo(null_mut(), null_mut()), activateBus(AUDIO, IN, 0, 1), setActive(1), setState(null_mut()),
        getState(null_mut()));
    panic_in!(injector, instance.processor, IAudioProcessorTrait:
        canProcessSampleSize(0), getLatencySamples(), getTailSamples(), setBusArrangements(null_mut(), 0, null_mut(), 0),
        getBusArrangement(OUT, 0, null_mut()), setupProcessing(null_mut()), setProcessing(1));
    Ok(())
}

fn controller(injector: &Injector, instance: &Instance) -> Result<()> {
    panic_in!(injector, instance.controller, IEditControllerTrait:
        setComponentState(null_mut()), setState(null_mut()), getState(null_mut()), getParameterCount(),
        getParameterInfo(0, null_mut()), getParamStringByValue(0, 0.0, null_mut()),
        getParamValueByString(0, null_mut(), null_mut()), normalizedParamToPlain(0, 0.0), plainParamToNormalized(0, 0.0),
        getParamNormalized(0), setParamNormalized(0, 0.0), setComponentHandler(null_mut()), createView(null()));
    Ok(())
}

fn others(injector: &Injector, instance: &Instance) -> Result<()> {
    let mapping: ComPtr<IMidiMapping> = instance.component.cast().context("no IMidiMapping")?;
    panic_in!(injector, mapping, IMidiMappingTrait: getMidiControllerAssignment(0, 0, 0, null_mut()));
    let notes: ComPtr<INoteExpressionController> = instance.component.cast().context("no INoteExpressionController")?;
    panic_in!(injector, notes, INoteExpressionControllerTrait:
        getNoteExpressionCount(0, 0), getNoteExpressionInfo(0, 0, 0, null_mut()),
        getNoteExpressionStringByValue(0, 0, 0, 0.0, null_mut()),
        getNoteExpressionValueByString(0, 0, 0, null(), null_mut()));
    let requirements: ComPtr<IProcessContextRequirements> =
        instance.component.cast().context("no IProcessContextRequirements")?;
    panic_in!(injector, requirements, IProcessContextRequirementsTrait: getProcessContextRequirements());
    let units: ComPtr<IUnitInfo> = instance.component.cast().context("no IUnitInfo")?;
    panic_in!(injector, units, IUnitInfoTrait:
        getUnitCount(), getUnitInfo(0, null_mut()), getProgramListCount(), getProgramListInfo(0, null_mut()),
        getProgramName(0, 0, null_mut()), getProgramInfo(0, 0, null(), null_mut()), hasProgramPitchNames(0, 0),
        getProgramPitchName(0, 0, 0, null_mut()), getSelectedUnit(), selectUnit(0),
        getUnitByBus(0, 0, 0, 0, null_mut()), setUnitProgramData(0, 0, null_mut()));
    let listener: ComPtr<IInfoListener> = instance.component.cast().context("no IInfoListener")?;
    panic_in!(injector, listener, IInfoListenerTrait: setChannelContextInfos(null_mut()));
    Ok(())
}

/// The streams that stand between the host's and nice-plug.
fn states(injector: &Injector, instance: &Instance) -> Result<()> {
    let saved = state::save(&instance.component)?;
    let refused = injector
        .during("IBStreamTrait::read", || Ok(!state::load(&instance.component, &instance.controller, &saved)))?;
    ensure!(refused, "a state that cannot be read is taken");
    let refused = injector.during("IBStreamTrait::write", || Ok(state::save(&instance.component).is_err()))?;
    ensure!(refused, "a state that cannot be written is saved");
    injector.during("Models::set", || Ok(state::load(&instance.component, &instance.controller, &saved)))?;
    injector.during("Models::map", || state::save(&instance.component))?;
    ensure!(state::load(&instance.component, &instance.controller, &saved), "the state does not come back");
    Ok(())
}

fn audio(subject: &Subject) -> Result<Verdict> {
    let Some(injector) = Injector::of(&binary(&subject.bundle))? else {
        return Ok(Verdict::Skipped(WITHOUT.to_owned()));
    };
    let instance = Instance::new(subject)?;
    lives(&instance)?;
    for entry in ["IAudioProcessorTrait::setupProcessing", "IComponentTrait::setActive"] {
        ensure!(injector.during(entry, || Ok(lives(&instance).is_err()))?, "{entry} succeeds");
        lives(&instance)?;
    }
    for entry in ["Plugin::activate", "IAudioProcessorTrait::setProcessing", "Plugin::deactivate"] {
        injector.during(entry, || lives(&instance))?;
        lives(&instance)?;
    }
    for entry in ["Plugin::reset", "Plugin::process", "IAudioProcessorTrait::process"] {
        instance.start(48_000.0, FRAMES as i32)?;
        passes(&instance, 3)?;
        injector.during(entry, || {
            instance.set_processing(false);
            instance.set_processing(true);
            passes(&instance, 1)
        })?;
        passes(&instance, 3)?;
        instance.stop()?;
        lives(&instance)?;
    }
    // A host that could not deactivate it tries again.
    instance.start(48_000.0, FRAMES as i32)?;
    let result = injector.during("IComponentTrait::setActive", || Ok(instance.set_active(false)))?;
    ensure!(result != kResultOk, "setActive(false) succeeds");
    passes(&instance, 1)?;
    instance.stop()?;
    lives(&instance)?;
    Ok(Verdict::Passed)
}

/// Blocks of noise come out as they went in.
fn passes(instance: &Instance, blocks: usize) -> Result<()> {
    let mut random = Random::new(5);
    for _ in 0..blocks {
        let noise = instance.noise(&mut random, FRAMES)?;
        let given = instance.block(FRAMES, &noise, &Lent::default())?;
        ensure!(given.outputs[0] == noise[0], "the audio does not pass");
    }
    Ok(())
}

/// It can be activated, passes audio, and can be deactivated.
fn lives(instance: &Instance) -> Result<()> {
    ok(instance.setup(48_000.0, FRAMES as i32), "setupProcessing()")?;
    ok(instance.set_active(true), "setActive(true)")?;
    instance.set_processing(true);
    passes(instance, 3)?;
    instance.stop()
}

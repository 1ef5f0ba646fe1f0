using CoLlm.Training.Losses;
using CoLlm.Training.Model;

namespace CoLlm.Training.Running;

/// <summary>What computes a training run: losses, gradients and optimizer steps over a state that starts out on the host.</summary>
internal interface ITrainingDevice : IDisposable
{
    /// <summary>Computes the losses of one pass, and adds its gradients times <paramref name="gradientScale"/> to those of the passes before.</summary>
    LossTotals Accumulate(PackedBatch batch, double gradientScale);

    /// <summary>The Euclidean length of all gradients together.</summary>
    double GradientNorm();

    /// <summary>Takes one optimizer step with the gradients multiplied by <paramref name="gradientFactor"/>, and clears them.</summary>
    void Step(float learningRate, float gradientFactor);

    /// <summary>Brings weights and moments back into the state, for checkpoints and for the trained model.</summary>
    void Download();
}

/// <summary>Opens training devices of optional builds.</summary>
internal interface ITrainingDevices
{
    /// <summary>Brings a state to a device.</summary>
    /// <param name="state">Weights and moments on the host.</param>
    /// <param name="options">Validated; names the device.</param>
    /// <param name="columnCount">The softmax runs over the ids below this one.</param>
    /// <exception cref="Inference.Backends.DeviceUnavailableException">The device cannot be used.</exception>
    ITrainingDevice Open(TrainerState state, TrainingOptions options, int columnCount);
}

using CoLlm.Inference.Torch.Devices;
using CoLlm.Training.Running;

namespace CoLlm.Training.Torch;

/// <summary>What the training pipeline finds when its settings name a device of libtorch; see <see cref="TrainingDevices"/>.</summary>
internal sealed class TorchTrainingDevices : ITrainingDevices
{
    public ITrainingDevice Open(TrainerState state, TrainingOptions options, int columnCount)
    {
        TorchDevice device = TorchDevice.Open(options.Device!);
        return device.Try("hold the model, its gradients and the optimizer's moments", () => new TorchTrainingDevice(device, state, options, columnCount));
    }
}

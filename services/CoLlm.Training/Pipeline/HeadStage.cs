using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.Checkpoints;
using CoLlm.Training.Kernels;
using CoLlm.Training.Model;
using CoLlm.Training.Running;

namespace CoLlm.Training.Pipeline;

/// <summary>Gives the swap head its start, or takes the one that an earlier run left on disk.</summary>
internal sealed class HeadStage(PipelineOptions options, WorkFolder work, IProgress<TrainingProgress>? progress, IProgress<string>? log)
{
    public Parameter Run(
        ComputeContext compute, TrainableModel model, IReadOnlyList<TrainingSequence> training, IReadOnlyList<bool[]> labels, CancellationToken cancellationToken)
    {
        int expertCount = options.Experts.Count;
        if (File.Exists(work.Head))
            return Read(expertCount, model.Config.HiddenSize);

        log?.Report("Giving the swap head its start.");
        HeadFitter fitter = new(compute, model, options.HeadFit, options.Training.MaxRowsPerPass, options.Training.Seed);
        (Parameter theta, HeadFitReport report) = fitter.Fit(training, labels, expertCount, progress, cancellationToken);
        WorkFolder.WriteJson(work.HeadReport, report);
        ExpertIdentity[] experts = [.. options.Experts.Select(expert => new ExpertIdentity(expert.Name, ""))];
        SwapHead head = new(theta.Value.Span, model.Config.HiddenSize);
        new SwapHeadFile(head, new SwapHeadIdentity("", "", experts), Calibration: null).Write(work.Head);
        return theta;
    }

    private Parameter Read(int expertCount, int hiddenSize)
    {
        SwapHead head = SwapHeadFile.Read(work.Head).Head;
        if (head.ExpertCount != expertCount || head.HiddenSize != hiddenSize)
        {
            throw new CheckpointException(
                $"{work.Head}: it is a head of {head.ExpertCount} experts and width {head.HiddenSize}, not {expertCount} and {hiddenSize}; delete it.");
        }

        Parameter theta = new("swap_head.theta", expertCount, hiddenSize);
        head.Theta.CopyTo(theta.Value.Span);
        return theta;
    }
}

using CoLlm.Training.Model;
using CoLlm.Training.Optimization;

namespace CoLlm.Training.Running;

/// <summary>Everything that training changes: the weights, the swap head, and the optimizer's moments.</summary>
internal sealed class TrainerState
{
    /// <summary>Marks what the scope trains and attaches adapters.</summary>
    /// <param name="model">The base.</param>
    /// <param name="theta">The swap head, <c>[experts, hidden]</c>; null for plain language modelling.</param>
    /// <param name="options">Validated.</param>
    /// <exception cref="TrainingException">Nothing would be trained.</exception>
    public TrainerState(TrainableModel model, Parameter? theta, TrainingOptions options)
    {
        (Model, Theta) = (model, theta);
        if (options.Scope == TrainingScope.HeadOnly && theta is null)
            throw new TrainingException("Training the swap head alone needs an expert to defer to; plain language modelling has none.");
        foreach (Parameter parameter in model.Parameters)
        {
            if (options.Scope == TrainingScope.Full)
                parameter.Train();
            else
                parameter.Freeze();
        }

        if (options.Scope == TrainingScope.Lora)
            AttachAdapters(options);
        theta?.Train();
        Optimizer = new AdamW(Parameters, options.Optimizer);
        foreach (AdamWState moments in Optimizer.States.Where(moments => moments.Parameter == theta))
            moments.RateFactor = (float)options.HeadRateFactor;
    }

    public TrainableModel Model { get; }

    public Parameter? Theta { get; }

    public AdamW Optimizer { get; }

    /// <summary>Model, adapters and swap head, in a fixed order.</summary>
    public IEnumerable<Parameter> Parameters =>
        Model.Parameters.Concat(Model.AdapterParameters).Concat(Theta is null ? [] : [Theta]);

    private void AttachAdapters(TrainingOptions options)
    {
        ulong stream = 1UL << 32;
        foreach (Projection projection in Model.Layers.SelectMany(layer => layer.Projections))
            projection.Adapter = new LoraAdapter(projection.Weight, options.LoraRank, (float)options.LoraAlpha, SeededRandom.ForStream(options.Seed, stream++));
    }
}

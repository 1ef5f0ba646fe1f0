using CoLlm.Protocol;
using InferenceSampling = CoLlm.Inference.Sampling.SamplingParameters;
using WireSampling = CoLlm.Protocol.V1.SamplingParameters;

namespace CoLlm.Expert.Sessions;

/// <summary>Turns sampling parameters from the wire into validated ones.</summary>
internal static class SamplingWords
{
    /// <summary>Null and a sentence where a value is out of bounds; greedy where the message is absent.</summary>
    public static InferenceSampling? Parse(WireSampling? wire, out string? problem)
    {
        problem = null;
        return wire is null
            ? InferenceSampling.Greedy
            : InferenceSampling.TryCreate(
                wire.Temperature, wire.TopK, wire.TopPOrDefault(), wire.MinP, wire.RepetitionPenaltyOrDefault(), wire.Seed, out problem);
    }
}

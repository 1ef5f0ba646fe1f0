using CoLlm.Protocol.V1;

namespace CoLlm.Protocol;

/// <summary>Reads and writes the messages whose fields have defaults other than zero.</summary>
public static class SamplingMessages
{
    /// <summary>Top-p with its default filled in.</summary>
    public static float TopPOrDefault(this SamplingParameters parameters) => parameters.HasTopP ? parameters.TopP : 1f;

    /// <summary>Repetition penalty with its default filled in.</summary>
    public static float RepetitionPenaltyOrDefault(this SamplingParameters parameters) =>
        parameters.HasRepetitionPenalty ? parameters.RepetitionPenalty : 1f;
}

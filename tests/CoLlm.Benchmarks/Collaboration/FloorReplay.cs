using CoLlm.Inference;
using Grpc.Net.Client;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>
/// What an answer's forward passes take by themselves: its tokens are written again, base and expert taking turns as they did, and
/// only the time inside the two engines is added up, the expert's prefill included.
/// </summary>
internal sealed class FloorReplay(LocalBase local, GrpcChannel expert)
{
    public async Task<TimeSpan> MeasureAsync(RouterAnswer answer)
    {
        int[] prompt = [.. answer.Prompt];
        prompt[0] ^= 1; // As long, and not in any cache.
        int length = prompt.Length + answer.Tokens.Count;
        int[] sequence = [.. prompt, .. answer.Tokens.Select(token => token.TokenId)];

        using DirectSession remote = await DirectSession.OpenAsync(expert, prompt, length);
        using InferenceSession session = local.Engine.OpenSession(length);
        TimeSpan total = remote.PrefillTime;
        int sent = prompt.Length;
        for (int i = 0; i < answer.Tokens.Count; i++)
        {
            int position = prompt.Length + i;
            await session.AdvanceAsync(sequence.AsMemory(session.Length, position - session.Length), WantedPositions.Last);
            total += session.Work.LastStepTime;
            if (answer.Tokens[i].Origin != Protocol.V1.Origin.Expert)
                continue;
            (Protocol.V1.Answer reply, _) = await remote.AskAsync(sequence.AsMemory(sent, position - sent));
            total += TimeSpan.FromMicroseconds(reply.ComputeUs);
            sent = position;
        }

        return total;
    }
}

// Runs many small requests, a bounded number of them at once.

/**
 * Returns the answers in the order of `items`. It rejects with the first failure, after which no further
 * request is begun.
 */
export async function inLanes<Item, Answer>(
  items: readonly Item[],
  lanes: number,
  ask: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const waiting = [...items.entries()].reverse();
  const lane = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [index, item] = next;
      try {
        answers[index] = await ask(item);
      } catch (error) {
        waiting.length = 0;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return answers;
}

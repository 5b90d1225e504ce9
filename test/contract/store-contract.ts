// What every object store must do for us, as one suite run against each. Where stores may differ, the
// invariant is stated and what this one does is stated beside it (StoreTraits), so that a new version that
// behaves otherwise is noticed.
import { randomUUID } from 'node:crypto';
import { after, before, describe } from 'node:test';
import type { Destination } from '../../store/destination.ts';
import { openObjectStore } from '../../store/object-store.ts';
import { describeDestinations } from './store-contract-destinations.ts';
import { describeObjects } from './store-contract-objects.ts';
import type { OpenedStore, StoreTraits } from './store-contract-tools.ts';
import { describeUploads } from './store-contract-uploads.ts';

export interface StoreUnderTest {
  destination: Destination;
  stop(): Promise<void>;
}

export function describeStore(traits: StoreTraits, start: () => Promise<StoreUnderTest>): void {
  describe(`the object store ${traits.name}`, () => {
    let under: StoreUnderTest;
    let opened: OpenedStore;
    before(async () => {
      under = await start();
      const { destination } = under;
      const store = openObjectStore(destination);
      opened = { traits, destination, store, prefix: `store-contract/${randomUUID()}` };
    });
    after(async () => {
      await opened.store.close();
      await under.stop();
    });
    describeObjects(() => opened);
    describeUploads(() => opened);
    describeDestinations(() => opened);
  });
}

// The shape of an event that is announced.
import { EVENT_TYPES } from './contract.ts';
import type { AnnouncedEvent } from './contract.ts';
import { filledText, isObject, number, object, oneOf, such } from '../model/shape.ts';

export const announcedEvent = object<AnnouncedEvent>({
  id: filledText,
  type: oneOf(EVENT_TYPES),
  atMs: number,
  data: such(
    'an object that names its stream',
    (value) => isObject(value) && typeof value['stream'] === 'string',
  ),
} as never);
